/** Chooses where pictures are made in this browser: WebGPU in the best precision it has, else WASM. */
import type { EngineStatus } from '../engine/engine';
import { DeviceError } from '../engine/errors';
import type { Forms } from '../graph/types';
import { findAdapter, requestDevice } from './device';
import { loadBrowserOrt, wasmThreads } from './ortBrowser';
import { Runtime } from './session';

/** On the CPU plain operators are best, and the fused ones have no kernel. */
const plainForms: Forms = { multiHeadAttention: false, groupNorm: false, biasSplitGelu: false };

export type ProviderChoice = 'auto' | 'webgpu' | 'wasm';

/**
 * @param choice `auto` takes WebGPU where there is a real graphics device and falls back to WASM, saying why
 * @throws DeviceError where `webgpu` was asked for and there is none
 */
export async function openBrowserRuntime(
  choice: ProviderChoice,
  onStatus: (status: EngineStatus) => void,
): Promise<Runtime> {
  if (choice === 'wasm') return openWasm(undefined, onStatus);
  const found = await findAdapter({ software: choice === 'webgpu' });
  if ('missing' in found) {
    if (choice === 'webgpu') throw new DeviceError(found.missing);
    return openWasm(found.missing, onStatus);
  }
  return openWebgpu(found.adapter, onStatus);
}

async function openWebgpu(adapter: GPUAdapter, onStatus: (status: EngineStatus) => void): Promise<Runtime> {
  const precision = adapter.features.has('shader-f16') ? 'fp16' : 'fp32';
  const device = await requestDevice(adapter, { subgroups: false });
  onStatus({ provider: 'webgpu', precision });
  const ort = await loadBrowserOrt('webgpu');
  const forms: Forms = { multiHeadAttention: true, groupNorm: true, biasSplitGelu: precision === 'fp32' };
  return new Runtime(ort, { provider: 'webgpu', precision, forms }, device);
}

async function openWasm(
  note: string | undefined,
  onStatus: (status: EngineStatus) => void,
): Promise<Runtime> {
  onStatus({ provider: 'wasm', precision: 'fp32', threads: wasmThreads(), note });
  const ort = await loadBrowserOrt('wasm');
  return new Runtime(ort, { provider: 'wasm', precision: 'fp32', forms: plainForms });
}
