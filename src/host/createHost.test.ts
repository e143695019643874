import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually';
import { type TemporaryStore, temporaryStore } from '../../test/support/hub/hubServer';
import { parseLocalOptions, parseRequest } from '../contract/engine';
import { InputError } from '../contract/errors';
import type { Pixels } from '../image/raster';
import { localSource } from '../node/folder';
import { nodePlatform } from '../node/platform';
import { createHost, type ModelHost } from './createHost';
import type { Platform } from './platform';

const MODEL = 'goldens/models/sd15-inpaint';
const call = { signal: new AbortController().signal, onProgress() {} };
let temporary: TemporaryStore;
let platform: Platform;
let host: ModelHost;
beforeAll(async () => {
  temporary = await temporaryStore();
  platform = {
    ...nodePlatform({ threads: 1, hub: { url: 'http://127.0.0.1:9' } }),
    store: temporary.store,
    // Without files that can be read directly: it is prepared into the store.
    ownModel: async (name) => (name === 'tiny' ? { source: () => localSource(MODEL) } : undefined),
  };
  host = createHost(platform);
});
afterAll(async () => {
  await host.release();
  await temporary.remove();
});

it('locks a stored model for as long as it is open', async () => {
  const { store } = temporary;
  const remove = async () => {
    const [folder = ''] = await store.models();
    expect(folder).not.toBe('');
    return store.ifUnused(folder, async () => {});
  };
  await host.withModel({ name: 'tiny' }, undefined, call, async ({ model }) => {
    expect(model.nativeSize).toBe(64);
    expect(await remove()).toBe(false);
  });
  // It stays open for the next run.
  expect(await remove()).toBe(false);
  await host.release();
  await eventually(async () => expect(await remove()).toBe(true));
});

it('measures both images before it decodes either', async () => {
  const order: string[] = [];
  const measuring = createHost({
    ...platform,
    async measure(field) {
      order.push(`measure ${field}`);
      const decode = async () => {
        order.push(`decode ${field}`);
        return { width: 64, height: 64, data: new Uint8ClampedArray(64 * 64 * 4).fill(255) };
      };
      return { width: 64, height: 64, decode };
    },
    checkSize: ({ width, height }) => void order.push(`check ${width} × ${height}`),
    async openRuntime() {
      throw new InputError('model_name', 'far enough');
    },
  });
  const request = parseRequest({
    ...{ model_name: 'tiny', prompt: 'x', image_url: 'data:,', mask_url: 'data:,' },
  });
  await expect(measuring.inpaint(request, parseLocalOptions({}), call)).rejects.toThrow('far enough');
  expect(order).toEqual([
    'measure image_url',
    'check 64 × 64',
    'measure mask_url',
    'decode image_url',
    'decode mask_url',
  ]);
});

/** A grating of 400 × 300 with a hole in its middle. */
function gratingWithHole(): { image: Pixels; mask: Pixels } {
  const size = { width: 400, height: 300 };
  const image = { ...size, data: new Uint8ClampedArray(400 * 300 * 4).fill(255) };
  const mask = { ...size, data: new Uint8ClampedArray(400 * 300 * 4).fill(255) };
  for (let i = 0; i < 400 * 300; i++) {
    const [x, y] = [i % 400, Math.floor(i / 400)];
    const isHole = x >= 150 && x < 250 && y >= 100 && y < 200;
    mask.data.fill(isHole ? 255 : 0, i * 4, i * 4 + 3);
    image.data.fill(isHole ? 128 : x % 12 < 6 ? 30 : 220, i * 4, i * 4 + 3);
  }
  return { image, mask };
}

/** A host on which nothing can run that needs ONNX Runtime. */
function hostWithoutRuntime({ image, mask }: { image: Pixels; mask: Pixels }) {
  let encoded: Pixels | undefined;
  const without = createHost({
    ...platform,
    measure: async (field) => ({
      width: image.width,
      height: image.height,
      decode: async () => (field === 'image_url' ? image : mask),
    }),
    encode: async (pixels) => {
      encoded = pixels;
      return new Blob();
    },
    openRuntime: () => Promise.reject(new Error('the runtime was opened')),
  });
  return { host: without, painted: () => encoded };
}

const toFill = parseRequest({
  model_name: 'fill',
  prompt: '',
  image_url: 'data:,',
  mask_url: 'data:,',
  seed: 5,
});

it('fills without a runtime, continues what is around the hole, and touches nothing else', async () => {
  const pictures = gratingWithHole();
  const { host: without, painted } = hostWithoutRuntime(pictures);
  const { seed, width, height } = await without.inpaint(toFill, parseLocalOptions({}), call);
  expect([seed, width, height]).toEqual([5, 400, 300]);
  const { data } = painted() ?? pictures.image;
  let wrong = 0;
  for (let i = 0; i < 400 * 300; i++) {
    const [x, isHole] = [i % 400, pictures.mask.data[i * 4] === 255];
    const expected = x % 12 < 6 ? 30 : 220;
    if (!isHole) expect(data[i * 4]).toBe(pictures.image.data[i * 4]);
    else if (Math.abs((data[i * 4] ?? 0) - expected) > 60) wrong++;
  }
  // Nearly all of 10,000 pixels continue the grating.
  expect(wrong).toBeLessThan(500);
});

it('hears a cancel while it fills, and goes on with the next run', async () => {
  const { host: without } = hostWithoutRuntime(gratingWithHole());
  const controller = new AbortController();
  let aborted = 0;
  const run = without.inpaint(toFill, parseLocalOptions({}), {
    signal: controller.signal,
    onProgress(progress) {
      if (progress.stage !== 'remove' || progress.fraction === 0 || aborted > 0) return;
      aborted = performance.now();
      controller.abort();
    },
  });
  await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  // 100 ms on a device that does nothing else.
  expect(performance.now() - aborted).toBeLessThan(1000);
  await expect(without.inpaint(toFill, parseLocalOptions({}), call)).resolves.toMatchObject({ seed: 5 });
});
