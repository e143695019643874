/** Where the work happens, as the engine reports it. */
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

/** `WebGPU · fp16`, `WASM · 2 threads` */
export function statusLabel(status: EngineStatus | null): string {
  if (!status) return 'Checking this machine';
  const { provider, precision, threads } = status;
  if (provider === 'webgpu') return `WebGPU · ${precision}`;
  return threads === undefined ? 'WASM' : `WASM · ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

/** What keeps this machine from doing better, in a sentence; null where nothing does. */
export function statusWarning(status: EngineStatus | null): string | null {
  if (!status || (status.provider === 'webgpu' && !status.note)) return null;
  return statusExplanation(status);
}

/** What a person should know about it, beyond the label. */
export function statusExplanation(status: EngineStatus | null): string {
  if (!status) return 'Looking for a graphics processor that the page can use.';
  if (status.note) return /[.!?]$/.test(status.note) ? status.note : `${status.note}.`;
  if (status.provider === 'wasm') return 'No WebGPU here, so the CPU makes the pictures, more slowly.';
  return 'Pictures are made on this machine’s graphics processor. Nothing leaves it.';
}
