import { describe, expect, it } from 'vitest';
import { CheckpointError, DeviceError, InputError } from '../../contract/errors';
import { assertFinite, assertFiniteStep, blend, guide, posteriorMean, samplePosterior } from './latents';

const floats = (...values: number[]) => Float32Array.from(values);

describe('guide', () => {
  it('goes from the first row towards the second, and beyond', () => {
    // 1 + 7.5 · (2 − 1) = 8.5; −1 + 7.5 · (0 − −1) = 6.5
    expect(guide(floats(1, -1, 2, 0), 7.5)).toEqual(floats(8.5, 6.5));
  });
});

describe('samplePosterior', () => {
  const vae = { scalingFactor: 0.5 };

  it('draws mean + std · noise, then scales', () => {
    // (3 + 1 · 2) · 0.5 = 2.5, log variance 0 being deviation 1
    expect(samplePosterior(floats(3, 0), vae, () => floats(2))).toEqual(floats(2.5));
    expect(posteriorMean(floats(3, 0), vae)).toEqual(floats(1.5));
  });

  it('clamps the log variance to ±30', () => {
    const tame = samplePosterior(floats(0, 30), vae, () => floats(1));
    expect(samplePosterior(floats(0, 80), vae, () => floats(1))).toEqual(tame);
  });
});

describe('blend', () => {
  it('keeps what is black in the mask, for every channel', () => {
    expect(blend(floats(0, 1), floats(1, 2, 3, 4), floats(5, 6, 7, 8))).toEqual(floats(1, 6, 3, 8));
  });
});

describe('assertFinite', () => {
  it('passes numbers and names the network of anything else', () => {
    expect(() => assertFinite(floats(0, -1e30), 'UNet', {})).not.toThrow();
    expect(() => assertFinite(floats(0, Number.NaN), 'UNet', {})).toThrow(/^The UNet gave/);
    expect(() => assertFinite(floats(-Infinity), 'VAE decoder', {})).toThrow(/^The VAE decoder gave/);
  });

  it('blames a driver only where one computes in 16 bits', () => {
    const nan = (isCoarse: boolean) => () => assertFinite(floats(Number.NaN), 'UNet', { isCoarse });
    expect(nan(true)).toThrow(DeviceError);
    expect(nan(true)).toThrow(/GPU driver/);
    expect(nan(false)).toThrow(CheckpointError);
    expect(nan(false)).toThrow(/Its weights, or those of a LoRA/);
  });

  it('blames the scheduler for what comes of finite values', () => {
    expect(() => assertFiniteStep(floats(1e30), 1, 2)).not.toThrow();
    expect(() => assertFiniteStep(floats(Number.NaN), 2, 2)).toThrow(InputError);
    expect(() => assertFiniteStep(floats(Number.NaN), 2, 2)).toThrow(
      /^scheduler: step 2 of 2 .*choose another scheduler/,
    );
  });
});
