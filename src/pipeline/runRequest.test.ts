import { expect, it, vi } from 'vitest';
import { inpaintRequestSchema, localOptionsSchema } from '../contract/schema';
import type { Pixels } from '../image/raster';
import { InpaintCache } from './cache';
import { stableDiffusion } from './conditioning/stableDiffusion';
import { createFill } from './fill';
import { runRequest } from './runRequest';

const plain = (width: number, height: number): Pixels => ({
  data: new Uint8ClampedArray(width * height * 4).fill(255),
  width,
  height,
});
const request = inpaintRequestSchema.parse({
  model_name: 'm',
  prompt: 'x',
  image_url: 'data:,',
  mask_url: 'data:,',
});

it('a model that wants other multiples than 8 works at the next smaller size, and is asked for no other', async () => {
  const admit = vi.fn(() => Promise.reject(new Error('admitted')));
  const model = stableDiffusion({
    name: 'm',
    text: [],
    schedulerConfig: { className: 'DDIMScheduler', keys: {} },
    nativeSize: 512,
    multiple: 16,
    upload: () => {
      throw new Error('not asked for');
    },
    denoiser: () => Promise.reject(new Error('not asked for')),
    vae: () => Promise.reject(new Error('not asked for')),
    dispose: () => Promise.resolve(),
  });
  const ground = createFill(() => Promise.resolve());
  const pictures = { image: plain(100, 90), mask: plain(100, 90) };
  const open = vi.fn(() => Promise.resolve({ model, ground, cache: new InpaintCache(), admit }));
  const call = { signal: new AbortController().signal, onProgress: () => {} };
  const run = runRequest(request, localOptionsSchema.parse({ height: 72 }), pictures, open, call);
  await expect(run).rejects.toThrow('admitted');
  expect(open).toHaveBeenCalledWith({ width: 96, height: 72 });
  expect(admit).toHaveBeenCalledWith(expect.objectContaining({ width: 96, height: 64 }));
});
