import { expect, it } from 'vitest';
import type { Fit, ModelDetails } from '../../contract/modelLibrary';
import { fitInWords } from './fit';

const XL = 'diffusers/stable-diffusion-xl-1.0-inpainting-0.1';
const fits: Fit = { verdict: 'fits' };
const tooLarge: Fit = { verdict: 'tooLarge', neededBytes: 10.8e9, availableBytes: 3.9e9, message: '' };
const unmeasured = { pictureSeconds: () => null };
const measured = (seconds: number) => ({ pictureSeconds: () => seconds });
const lookups = {};

it('says nothing before a model is judged', () => {
  expect(fitInWords(XL, { fits: {}, lookups }, 'wasm', unmeasured)).toBeNull();
});

it.each([
  ['webgpu', fits, unmeasured, 'fits', 'Fits this device'],
  ['webgpu', fits, measured(42), 'fits', 'Fits this device, about 40 s per image'],
  ['webgpu', fits, measured(600), 'slow', 'Slow on this device, about 10 minutes per image'],
  ['wasm', fits, unmeasured, 'slow', 'Slow on this device: runs use the CPU'],
  ['wasm', fits, measured(900), 'slow', 'Slow on this device, about 15 minutes per image'],
  ['wasm', fits, measured(20), 'fits', 'Fits this device, about 20 s per image'],
  [
    'wasm',
    tooLarge,
    measured(900),
    'tooLarge',
    'Too large for this device: needs 10.8 GB of memory, 3.9 GB available',
  ],
] as const)('on %s, %j', (provider, fit, pace, kind, text) => {
  expect(fitInWords(XL, { fits: { [XL]: fit }, lookups }, provider, pace)).toMatchObject({ kind, text });
});

it('takes family, size and settings from the look-up, or of the recommended from what is known', () => {
  const asked: unknown[] = [];
  const pace = {
    pictureSeconds(work: unknown) {
      asked.push(work);
      return 10;
    },
  };
  fitInWords('stabilityai/sd-turbo', { fits: { 'stabilityai/sd-turbo': fits }, lookups }, 'webgpu', pace);
  const details: ModelDetails = {
    ...{ family: 'sdxl', isInpainting: false, nativeSize: 512, name: 'a/b', location: 'a/b' },
    ...{ precision: 'fp16', state: 'fetchable', totalBytes: 2e9, notes: [] },
  };
  fitInWords(
    'a/b',
    { fits: { 'a/b': fits }, lookups: { 'a/b': { state: 'found', details } } },
    'webgpu',
    pace,
  );
  expect(asked).toEqual([
    { family: 'sd2', steps: 4, guidance: 0, pixels: 512 * 512 },
    { family: 'sdxl', steps: 30, guidance: 7.5, pixels: 512 * 512 },
  ]);
});
