import { describe, expect, it } from 'vitest';
import { type Family, familyFiles } from '../../e2e/hub/families';
import { decodeError, encodeError, TooLargeError } from '../engine/errors';
import type { GraphTarget } from '../graph/types';
import type { CheckpointFiles } from './files';
import { afterExhaustion, memoryLimits, modelNeeds, peakOf, refuseTooLarge } from './memory';

const GIB = 2 ** 30;
const gpu: GraphTarget = {
  provider: 'webgpu',
  precision: 'fp16',
  forms: { multiHeadAttention: true, groupNorm: true, biasSplitGelu: false },
};
const wasm: GraphTarget = {
  provider: 'wasm',
  precision: 'fp32',
  forms: { multiHeadAttention: false, groupNorm: false, biasSplitGelu: false },
};
const anyAdapter = { maxBufferSize: 4 * GIB, maxStorageBufferBindingSize: 2 * GIB };

function configsOf(family: Family): CheckpointFiles {
  const { configs } = familyFiles(family);
  return {
    name: `test/${family}`,
    async read(path) {
      const config = configs.get(path);
      return config === undefined ? undefined : new TextEncoder().encode(JSON.stringify(config));
    },
  };
}

async function needsOf(family: Family, target: GraphTarget, size?: { width: number; height: number }) {
  const needs = await modelNeeds(configsOf(family), target, size);
  if (needs === undefined) throw new Error('no needs');
  return needs;
}

describe('modelNeeds', () => {
  it('knows the true sizes of Stable Diffusion 1.5 and XL', async () => {
    const sd = await needsOf('sd15', gpu);
    // 859,520,964 parameters of the UNet and 123,060,480 of the text encoder, 2 bytes each, and small constants.
    expect((sd.get('unet')?.weightBytes ?? 0) / 2 / 859_520_964).toBeCloseTo(1, 4);
    expect((sd.get('text_encoder')?.weightBytes ?? 0) / 2 / 123_060_480).toBeCloseTo(1, 3);
    const xl = await needsOf('sdxl', gpu);
    expect((xl.get('unet')?.weightBytes ?? 0) / 2 / 2_567_463_684).toBeCloseTo(1, 4);
    // The autoencoder in fp32: 49,490,179 parameters of the decoder and 20 of post_quant_conv.
    expect((xl.get('vae decoder')?.weightBytes ?? 0) / 4 / 49_490_199).toBeCloseTo(1, 4);
  });

  it('counts the scores of plain attention: of two rows, eight heads, 4,096 by 4,096 tokens', async () => {
    const needs = await needsOf('sd15', wasm, { width: 512, height: 512 });
    // 2 · 8 · 4096² floats = 1 GiB, twice during the softmax.
    const unet = needs.get('unet');
    expect(unet?.largest.bytes).toBe(GIB);
    expect(unet?.activationBytes).toBeGreaterThan(2 * GIB);
    expect(unet?.activationBytes).toBeLessThan(2.4 * GIB);
    // A quarter of the tokens, a sixteenth of the scores.
    const smaller = await needsOf('sd15', wasm, { width: 256, height: 256 });
    expect(smaller.get('unet')?.activationBytes).toBeLessThan(0.25 * GIB);
  });
});

describe('refuseTooLarge', () => {
  const now = 0;
  it('refuses Stable Diffusion 1.5 at 512 pixels on WASM, with figures that survive the worker', async () => {
    const needs = await needsOf('sd15', wasm, { width: 512, height: 512 });
    const limits = memoryLimits({ provider: 'wasm', now });
    expect(limits.totalBytes).toBe(3.6 * GIB);
    const refusal = () => refuseTooLarge('a/b', needs, limits);
    expect(refusal).toThrow(
      /^model "a\/b" is too large for this device: its unet needs 5\.\d GB of memory at this picture size, and 3\.9 GB can be had \(WASM can use 4 GiB in all\); choose a smaller model or picture, or use the hosted API$/,
    );
    try {
      refusal();
    } catch (error) {
      const decoded = decodeError(structuredClone(encodeError(error)));
      expect(decoded).toBeInstanceOf(TooLargeError);
      expect(decoded).toMatchObject({
        code: 'too_large',
        figures: { component: 'unet', limit: 'memory', neededBytes: peakOf(needs).bytes },
      });
    }
  });

  it('lets Stable Diffusion 1.5 and XL run on a usual adapter, and XL not on a machine of 4 GB', async () => {
    const limits = memoryLimits({ provider: 'webgpu', deviceMemory: 8, limits: anyAdapter, now });
    expect(() => refuseTooLarge('a/b', new Map(), limits)).not.toThrow();
    for (const family of ['sd15', 'sdxl'] as const) refuseTooLarge('a/b', await needsOf(family, gpu), limits);
    const small = memoryLimits({ provider: 'webgpu', deviceMemory: 4, limits: anyAdapter, now });
    const xl = await needsOf('sdxl', gpu);
    expect(() => refuseTooLarge('a/b', xl, small)).toThrow(
      /needs 5\.\d GB of memory .*, and 2\.6 GB can be had \(this machine has about 4 GB of memory\)/,
    );
  });

  it('refuses a buffer over the adapter’s limit', async () => {
    const limits = memoryLimits({
      provider: 'webgpu',
      limits: { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 },
      now,
    });
    // The decoder's widest tensors: 256 channels at 1024 × 1024 floats are 1 GiB.
    const xl = await needsOf('sdxl', gpu);
    expect(xl.get('vae decoder')?.largest.bytes).toBe(GIB);
    expect(() => refuseTooLarge('a/b', xl, limits)).toThrow(
      /needs a buffer of .* and the graphics device allows 0\.1 GB/,
    );
  });
});

describe('experience', () => {
  it('makes frugal first, then refuses what failed even so, for a day', () => {
    const first = afterExhaustion(undefined, 5 * GIB, 0);
    expect(memoryLimits({ provider: 'webgpu', experience: first, now: 1 })).toMatchObject({
      residentBytes: 0,
      totalBytes: Number.POSITIVE_INFINITY,
    });
    const second = afterExhaustion(first, 5 * GIB, 0);
    expect(memoryLimits({ provider: 'webgpu', experience: second, now: 1 }).totalBytes).toBe(5 * GIB - 1);
    const nextDay = { provider: 'webgpu', experience: second, now: 25 * 3600 * 1000 } as const;
    expect(memoryLimits(nextDay).totalBytes).toBe(Number.POSITIVE_INFINITY);
  });
});
