import * as ort from 'onnxruntime-web/wasm';
import { expect, it, vi } from 'vitest';
import { configsOf } from '../../test/support/hub/hubServer';
import { wasmTarget } from '../graph/onnx/targets';
import { createMemoryGuard } from './memoryGuard';
import { Runtime } from './runtime/session';

/** A GPU device that has only limits. */
function deviceOf(bufferBytes: number): GPUDevice {
  const limits = { maxBufferSize: bufferBytes, maxStorageBufferBindingSize: bufferBytes };
  return { limits, lost: new Promise(() => {}), addEventListener() {} } as unknown as GPUDevice;
}

function guardOf(bufferBytes: number) {
  const forms = { multiHeadAttention: true, groupNorm: true, biasSplitGelu: true };
  const target = { provider: 'webgpu', precision: 'fp16', forms } as const;
  const runtime = new Runtime(ort, target, deviceOf(bufferBytes));
  const kept = { get: async () => undefined, set: async () => {} };
  return { runtime, guard: createMemoryGuard(runtime, { kept, machine: {} }) };
}

const size = { width: 1024, height: 1024 };

it('gives the runtime tiles and room for other networks that suit the run at hand', async () => {
  const { runtime, guard } = guardOf(2 ** 28);
  await guard.checkRunFits(configsOf('sdxl'), size);
  // Encoder: 128 channels at 768 · 768 floats are 302 MB, at 512 · 512 they are 134; decoder: 256 channels, 268 MB.
  expect(runtime.vaeTiles).toEqual({ encoder: 512, decoder: 512 });
  const besideTiles = runtime.residentBytes;
  // 5 GiB, less the activations of a decoder's tile: 805 MB and a little.
  expect(besideTiles / (5 * 2 ** 30 - 805e6)).toBeCloseTo(1, 2);

  await guard.checkRunFits(configsOf('sdxl'), { width: 512, height: 512 });
  expect(runtime.vaeTiles).toEqual({ encoder: undefined, decoder: undefined });

  await guard.checkRunFits(configsOf('sdxl'), size);
  expect(runtime.vaeTiles.decoder).toBe(512);
  // An export at a URL gives no description of itself, and has no tiles.
  const index = new TextEncoder().encode(
    '{"_class_name": "OnnxStableDiffusionPipeline", "vae_decoder": ["diffusers", "OnnxRuntimeModel"]}',
  );
  const read = async (path: string) => (path === 'model_index.json' ? index : undefined);
  await guard.checkRunFits({ name: 'an/export', read }, size);
  expect(runtime.vaeTiles).toEqual({});
});

it('has no tiles where the whole picture fits', async () => {
  const { runtime, guard } = guardOf(2 ** 31);
  await guard.checkRunFits(configsOf('sdxl'), size);
  expect(runtime.vaeTiles).toEqual({ encoder: undefined, decoder: undefined });
  // 5 GiB less 3.2 GB.
  expect(runtime.residentBytes / (5 * 2 ** 30 - 3221e6)).toBeCloseTo(1, 2);
});

it('learns from memory that ran out, but not where gaps in WASM’s memory may be the reason', async () => {
  const runtime = new Runtime(ort, wasmTarget);
  const set = vi.fn(async () => {});
  const guard = createMemoryGuard(runtime, { kept: { get: async () => undefined, set }, machine: {} });
  await guard.checkRunFits(configsOf('sd15'), { width: 512, height: 512 });
  vi.spyOn(runtime, 'isExhausted', 'get').mockReturnValue(true);
  const gaps = vi.spyOn(runtime, 'hasGaps', 'get').mockReturnValue(true);
  await guard.recordOutOfMemory();
  expect(set).not.toHaveBeenCalled();
  gaps.mockReturnValue(false);
  await guard.recordOutOfMemory();
  expect(set).toHaveBeenCalledWith('memory wasm', expect.stringContaining('"isFrugal":true'));
});
