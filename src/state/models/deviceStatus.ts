/** Where runs happen, as the engine reports it. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { EngineStatus, LocalEngine } from '../../contract/engine';

export type { EngineStatus } from '../../contract/engine';

/** `status` is null until the engine knows. */
export function createEngineStatus(
  engine: Pick<LocalEngine, 'onStatus'>,
): StoreApi<{ status: EngineStatus | null }> {
  const store = createStore<{ status: EngineStatus | null }>(() => ({ status: null }));
  engine.onStatus((status) => store.setState({ status }));
  return store;
}

/** In plain words: what runs use. */
export function statusLabel(status: EngineStatus | null): string {
  if (!status) return 'Checking this device';
  return status.provider === 'webgpu' ? 'Runs on your GPU' : 'Runs on your CPU';
}

/** The same for those who know the terms: `WebGPU · fp16`, `WASM · 2 threads`; null until it is known. */
export function statusDetail(status: EngineStatus | null): string | null {
  if (!status) return null;
  const { provider, precision, threads } = status;
  if (provider === 'webgpu') return `WebGPU · ${precision}`;
  return threads === undefined ? 'WASM' : `WASM · ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

/** Why this device is slower than it could be, in a sentence; null if it isn't. */
export function statusWarning(status: EngineStatus | null): string | null {
  if (!status || (status.provider === 'webgpu' && !status.note)) return null;
  return statusExplanation(status);
}

/** What the user should know beyond the label. */
export function statusExplanation(status: EngineStatus | null): string {
  if (!status) return 'Looking for a GPU.';
  if (status.note) return /[.!?]$/.test(status.note) ? status.note : `${status.note}.`;
  if (status.provider === 'wasm') return 'WebGPU isn’t available, so runs use the CPU, which is slower.';
  return 'Runs use this device’s GPU. Nothing is uploaded.';
}
