import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually';
import { type TemporaryStore, temporaryStore } from '../../test/support/hub/hubServer';
import { parseLocalOptions, parseRequest } from '../contract/engine';
import { InputError } from '../contract/errors';
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
