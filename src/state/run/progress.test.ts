import { expect, it } from 'vitest';
import { advance, duration, preparing } from './progress';

it('computes the time left from the steps’ own times', () => {
  let progress = preparing;
  // Step 0 at 1 s, then a step each 500 ms.
  for (let step = 0; step <= 10; step++) {
    progress = advance(progress, { stage: 'denoise', step, steps: 30 }, 1000 + step * 500);
  }
  expect(progress).toMatchObject({
    title: 'Painting · step 10 of 30',
    detail: '0.50 s per step',
    secondsLeft: 10,
  });
  expect(progress.fraction).toBeCloseTo(1 / 3, 12);
});

it('forgets a slow first step', () => {
  let progress = advance(preparing, { stage: 'denoise', step: 0, steps: 20 }, 0);
  expect(progress.secondsLeft).toBeNull();
  for (let step = 1; step <= 9; step++) {
    progress = advance(progress, { stage: 'denoise', step, steps: 20 }, 10_000 + step * 1000);
  }
  expect(progress.secondsLeft).toBe(11);
});

it('says what loads and how far', () => {
  const loading = { stage: 'download', file: 'a/unet/model.safetensors', loadedBytes: 5e6 } as const;
  expect(advance(preparing, { ...loading, totalBytes: 2e7 }, 0)).toMatchObject({
    title: 'Loading the model',
    detail: 'UNet: 5.0 of 20 MB',
    fraction: 0.25,
  });
  expect(advance(preparing, { ...loading, totalBytes: 0 }, 0)).toMatchObject({
    detail: 'UNet: 5.0 MB',
    fraction: null,
  });
  expect(advance(preparing, { ...loading, stage: 'merge', totalBytes: 2e7 }, 0)).toMatchObject({
    title: 'Merging the LoRAs',
    detail: '5.0 of 20 MB',
    fraction: 0.25,
  });
});

it('names what loads in its detail, a file of another kind by its name', () => {
  const detail = (file: string) =>
    advance(preparing, { stage: 'download', file, loadedBytes: 0, totalBytes: 1 }, 0).detail.split(':')[0];
  expect(
    [
      'text_encoder/model.safetensors',
      'text_encoder_2/model-00001-of-00002.safetensors',
      'vae/diffusion_pytorch_model.safetensors',
      'vae_decoder/model.onnx',
      'dreamshaper.safetensors',
      'loras/ink.safetensors',
      'constructor/model.safetensors',
    ].map(detail),
  ).toEqual([
    'Text encoder',
    'Second text encoder',
    'VAE',
    'VAE decoder',
    'dreamshaper.safetensors',
    'ink.safetensors',
    'model.safetensors',
  ]);
});

it('keeps the bar where the file left it while the network is prepared', () => {
  const size = { loadedBytes: 14.7e6, totalBytes: 14.7e6 };
  const read = advance(preparing, { stage: 'download', file: 'vae/model.safetensors', ...size }, 0);
  expect(advance(read, { stage: 'compile', component: 'vae encoder' }, 0)).toMatchObject({
    title: 'Preparing the model',
    detail: 'VAE encoder',
    fraction: 1,
  });
  // A stored model is ready without a reading: nothing is known then.
  expect(advance(preparing, { stage: 'compile', component: 'text encoder' }, 0)).toMatchObject({
    title: 'Preparing the model',
    detail: 'Text encoder',
    fraction: null,
  });
});

it('says how far a removal is, which has no steps', () => {
  expect(advance(preparing, { stage: 'remove', fraction: 0.4 }, 0)).toMatchObject({
    title: 'Removing',
    fraction: 0.4,
  });
});

it('writes durations', () => {
  expect([0.4, 59.4, 60, 125].map(duration)).toEqual(['0 s', '59 s', '1 min 00 s', '2 min 05 s']);
});
