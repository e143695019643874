import { describe, expect, it } from 'vitest';
import type { Family } from '../../test/support/hub/families';
import { configsOf } from '../../test/support/hub/hubServer';
import { decodeError, encodeError, TooLargeError } from '../contract/errors';
import type { Footprint } from '../graph/footprint';
import { wasmTarget as wasm } from '../graph/onnx/targets';
import type { GraphTarget } from '../graph/onnx/types';
import {
  afterExhaustion,
  type MemoryLimits,
  memoryLimits,
  modelNeeds,
  peakOf,
  type RunSize,
  refuseTooLarge,
} from './memoryNeeds';

const GIB = 2 ** 30;
const gpu: GraphTarget = {
  provider: 'webgpu',
  precision: 'fp16',
  forms: { multiHeadAttention: true, groupNorm: true, biasSplitGelu: false },
};
const anyAdapter = { maxBufferSize: 4 * GIB, maxStorageBufferBindingSize: 2 * GIB };

const roomy: MemoryLimits = {
  totalBytes: Number.POSITIVE_INFINITY,
  wholePictureBytes: Number.POSITIVE_INFINITY,
  residentBytes: 5 * GIB,
  bufferBytes: Number.POSITIVE_INFINITY,
  reason: '',
};

async function needsOf(family: Family, target: GraphTarget, run?: RunSize, limits = roomy) {
  const needs = await modelNeeds(configsOf(family), target, limits, run);
  if (needs === undefined) throw new Error('no needs');
  return needs;
}

async function networkOf(component: string, ...given: Parameters<typeof needsOf>): Promise<Footprint> {
  const need = (await needsOf(...given)).networks.get(component);
  if (need === undefined) throw new Error(`no ${component}`);
  return need;
}

const square = (side: number) => ({ width: side, height: side });

describe('modelNeeds', () => {
  it('knows the true sizes of Stable Diffusion 1.5 and XL', async () => {
    const { networks: sd } = await needsOf('sd15', gpu);
    // 859,520,964 parameters of the UNet and 123,060,480 of the text encoder, 2 bytes each, and small constants.
    expect((sd.get('unet')?.weightBytes ?? 0) / 2 / 859_520_964).toBeCloseTo(1, 4);
    expect((sd.get('text encoder')?.weightBytes ?? 0) / 2 / 123_060_480).toBeCloseTo(1, 3);
    const { networks: xl } = await needsOf('sdxl', gpu);
    expect((xl.get('unet')?.weightBytes ?? 0) / 2 / 2_567_463_684).toBeCloseTo(1, 4);
    // The autoencoder in fp32: 49,490,179 parameters of the decoder and 20 of post_quant_conv.
    expect((xl.get('vae decoder')?.weightBytes ?? 0) / 4 / 49_490_199).toBeCloseTo(1, 4);
  });

  it('counts plain attention in slices: of two rows, eight heads, 256 by 4,096 tokens at a time', async () => {
    const at512 = await networkOf('unet', 'sd15', wasm, square(512));
    // A slice's scores, 2 · 8 · 256 · 4096 floats, are 64 MiB, twice in the softmax: 134 MB. The largest single thing is
    // a weight, 1280 · 2560 · 9 floats.
    expect(at512.largest.bytes).toBe(1280 * 2560 * 9 * 4);
    expect(at512.activationBytes).toBeGreaterThan(134e6);
    expect(at512.activationBytes).toBeLessThan(250e6);
    // 2.25 times the tokens, five times the scores.
    const at768 = await networkOf('unet', 'sd15', wasm, square(768));
    expect(at768.largest.bytes / (2.25 ** 2 * 2 ** 26)).toBeCloseTo(1, 2);
  });

  it('counts one row for a UNet that is told its guidance', async () => {
    const [two, one] = [await networkOf('unet', 'sd15', gpu), await networkOf('unet', 'sd15-lcm', gpu)];
    expect(one.activationBytes / two.activationBytes).toBeCloseTo(0.5, 1);
  });

  it('counts a long prompt: rows for the encoder, tokens for the UNet', async () => {
    const text = async (chunks: number) =>
      (await networkOf('text encoder', 'sd15', wasm, { ...square(512), chunks })).activationBytes;
    expect((await text(4)) / (await text(1))).toBeCloseTo(4, 1);
    expect(await text(64)).toBe(await text(8)); // always sixteen rows at once
    // Beyond what the picture itself takes: scores of 2 · 8 · 4096 · 77 · 12 floats, 242 MB, twice.
    const unet = await networkOf('unet', 'sd15', wasm, { ...square(512), chunks: 12 });
    expect(unet.activationBytes).toBeGreaterThan(2 * 242e6);
  });
});

describe('tiles of the autoencoder', () => {
  it('are the largest that the adapter’s buffers allow, for each half by itself', async () => {
    expect((await needsOf('sdxl', gpu)).tiles).toEqual({ encoder: undefined, decoder: undefined });
    // Whole, the encoder's widest tensor has 128 channels and the decoder's 256, at 1024 × 1024 floats: 512 and 1024 MiB.
    const gibibyte = { ...roomy, bufferBytes: GIB - 4 };
    expect((await needsOf('sdxl', gpu, undefined, gibibyte)).tiles).toEqual({
      encoder: undefined,
      decoder: 768,
    });
    const least = { ...roomy, bufferBytes: 2 ** 27 };
    const { networks, tiles } = await needsOf('sdxl', gpu, undefined, least);
    expect(tiles).toEqual({ encoder: 512, decoder: 256 });
    // 256 channels at 256 × 256 floats are 64 MiB; the largest is then a weight, 512 · 512 · 9 floats.
    expect(networks.get('vae decoder')?.largest.bytes).toBe(2 ** 26);
  });

  it('follow from memory that ran out', async () => {
    const experience = afterExhaustion(undefined, 5 * GIB, 0);
    const limits = memoryLimits({ provider: 'webgpu', limits: anyAdapter, experience, now: 0 });
    const { tiles } = await needsOf('sdxl', gpu, undefined, limits);
    expect(tiles).toEqual({ encoder: 768, decoder: 512 });
  });

  it('are as small as they get where nothing helps, so that the refusal is about that', async () => {
    const none = { ...roomy, bufferBytes: 1000 };
    expect((await needsOf('sdxl', gpu, undefined, none)).tiles).toEqual({ encoder: 256, decoder: 256 });
  });
});

describe('refuseTooLarge', () => {
  const now = 0;
  it('refuses Stable Diffusion 1.5 at 1024 pixels on WASM, with figures that survive the worker', async () => {
    const limits = memoryLimits({ provider: 'wasm', now });
    expect(limits.totalBytes).toBe(3.6 * GIB);
    refuseTooLarge('a/b', await needsOf('sd15', wasm, square(512), limits), limits);
    const needs = await needsOf('sd15', wasm, square(1024), limits);
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
    for (const family of ['sd15', 'sdxl'] as const)
      refuseTooLarge('a/b', await needsOf(family, gpu, undefined, limits), limits);
    const small = memoryLimits({ provider: 'webgpu', deviceMemory: 4, limits: anyAdapter, now });
    const xl = await needsOf('sdxl', gpu, undefined, small);
    // 5.36 GB by its graph, and the tenth that ONNX Runtime takes beside.
    expect(() => refuseTooLarge('a/b', xl, small)).toThrow(
      /needs 5\.9 GB of memory .*, and 2\.6 GB can be had \(this machine has about 4 GB of memory\)/,
    );
  });

  it('knows the memory of a machine that says it to the byte', async () => {
    const limits = memoryLimits({ provider: 'wasm', memoryBytes: 4e9, now });
    const needs = await needsOf('sd15', wasm, square(512), limits);
    expect(() => refuseTooLarge('a/b', needs, limits)).toThrow(
      /its unet needs 3\.7 GB .*, and 2\.4 GB can be had \(this machine has 4\.0 GB of memory\)/,
    );
  });

  it('refuses a weight over the adapter’s limit of one buffer', async () => {
    const limits = memoryLimits({
      provider: 'webgpu',
      limits: { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 26 },
      now,
    });
    // The second text encoder's table of 49,408 · 1280 halves: 126 MB, where 67 are allowed.
    const xl = await needsOf('sdxl', gpu, undefined, limits);
    expect(() => refuseTooLarge('a/b', xl, limits)).toThrow(
      /its text encoder needs a buffer of 75\.9 MB at this picture size, and the GPU allows 67\.1 MB/,
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
