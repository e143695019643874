import { expect, it } from 'vitest';
import { inpaintRequestSchema, localOptionsSchema } from '../contract/schema';
import type { Mask, Pixels } from '../image/raster';
import { InpaintCache } from './cache';
import type { RemovalModel } from './model';
import { readHole } from './remove';
import { runRequest } from './runRequest';

function plain(width: number, height: number, at: (x: number, y: number) => number): Pixels {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) data.fill(at(i % width, Math.floor(i / width)), i * 4, i * 4 + 3);
  return { data, width, height };
}

const request = { model_name: 'm', prompt: '', image_url: 'data:,', mask_url: 'data:,' };

/** Paints holes in a grey, and remembers what it was given. */
function painter(sizes: Pick<RemovalModel, 'fixedSize' | 'ownScale'> = {}) {
  const seen: { image: Pixels; hole: Mask; seed: number }[] = [];
  const model: RemovalModel = {
    task: 'remove',
    name: 'm',
    nativeSize: 64,
    removes: true,
    ...sizes,
    async run(image, hole, { seed, onProgress }) {
      seen.push({ image, hole, seed });
      onProgress(0.5);
      const data = new Uint8ClampedArray(image.data);
      hole.data.forEach((value, i) => {
        if (value !== 0) data.fill(90, i * 4, i * 4 + 3);
      });
      return { ...image, data };
    },
    dispose: () => Promise.resolve(),
  };
  return { model, seen };
}

function run(model: RemovalModel, pictures: { image: Pixels; mask: Pixels }, fields: object = {}) {
  const reports: object[] = [];
  const call = {
    signal: new AbortController().signal,
    onProgress: (progress: object) => reports.push(progress),
  };
  const open = async () => ({
    model,
    ground: model,
    cache: new InpaintCache(),
    admit: () => Promise.resolve(),
  });
  const outcome = runRequest(
    inpaintRequestSchema.parse({ ...request, ...fields }),
    localOptionsSchema.parse({}),
    pictures,
    open,
    call,
  );
  return { outcome, reports };
}

it('a model of any size gets the image as it is, whatever its size, and gives it back', async () => {
  const { model, seen } = painter({ ownScale: true });
  const image = plain(61, 47, (x, y) => (x * 7 + y * 3) % 251);
  const mask = plain(61, 47, (x) => (x > 50 ? 255 : 0));
  const { outcome, reports } = run(model, { image, mask }, { seed: 7 });
  const { pixels, seed, timings } = await outcome;
  expect(seen[0]?.image.data).toEqual(image.data);
  expect([pixels.width, pixels.height, seed, seen[0]?.seed]).toEqual([61, 47, 7, 7]);
  expect(Object.keys(timings)).toEqual(['remove']);
  expect(reports).toEqual([
    { stage: 'remove', fraction: 0 },
    { stage: 'remove', fraction: 0.5 },
  ]);
  // Left half black, the other removed: the polarity is the contract's.
  expect([...pixels.data.subarray(0, 3)]).toEqual([...image.data.subarray(0, 3)]);
  expect([...pixels.data.subarray(60 * 4, 60 * 4 + 3)]).toEqual([90, 90, 90]);
});

it('a model of one size gets the image at that size, and its result comes back at the image’s own', async () => {
  const { model, seen } = painter({ fixedSize: { width: 32, height: 32 } });
  const pictures = { image: plain(61, 47, () => 200), mask: plain(61, 47, (x) => (x < 30 ? 255 : 0)) };
  const { pixels } = await run(model, pictures).outcome;
  expect(seen[0]?.image).toMatchObject({ width: 32, height: 32 });
  expect(seen[0]?.hole).toMatchObject({ width: 32, height: 32 });
  expect(pixels).toMatchObject({ width: 61, height: 47 });
});

it('draws a seed if none is given, and another one the next time', async () => {
  const { model } = painter();
  const pictures = { image: plain(64, 64, () => 200), mask: plain(64, 64, (x) => (x < 30 ? 255 : 0)) };
  const first = await run(model, pictures).outcome;
  const second = await run(model, pictures).outcome;
  expect(first.seed).not.toBe(second.seed);
});

it('refuses a mask of everything, and one of nothing, by name', async () => {
  const { model, seen } = painter();
  const image = plain(64, 64, () => 200);
  await expect(run(model, { image, mask: plain(64, 64, () => 255) }).outcome).rejects.toMatchObject({
    name: 'InputError',
    field: 'mask_url',
    message: expect.stringContaining('everything is masked'),
  });
  await expect(run(model, { image, mask: plain(64, 64, () => 0) }).outcome).rejects.toMatchObject({
    name: 'InputError',
    message: expect.stringContaining('the mask paints nothing'),
  });
  expect(seen).toEqual([]);
});

it('the soft edge of a mask is part of the hole, the noise of a lossy format is not', () => {
  const values = [0, 16, 31, 32, 100, 255];
  const mask = plain(6, 1, (x) => values[x] ?? 0);
  expect([...readHole(mask).data]).toEqual([0, 0, 0, 255, 255, 255]);
});
