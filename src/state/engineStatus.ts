/** Where the work happens, as the engine reports it. */
import { createStore, type StoreApi } from 'zustand/vanilla';

export type EngineStatus =
  /** Nothing is known yet. */
  | { state: 'checking' }
  | {
      state: 'ready';
      provider: 'webgpu' | 'wasm';
      precision: 'fp16' | 'fp32';
      /** On the processor: how many threads. */
      threads?: number;
    }
  /** The engine cannot work here. One sentence that says why and what to do. */
  | { state: 'failed'; message: string };

export function createEngineStatus(): StoreApi<EngineStatus> {
  return createStore<EngineStatus>(() => ({ state: 'checking' }));
}

/** `WebGPU · fp16`, `WASM · 2 threads` */
export function statusLabel(status: EngineStatus): string {
  switch (status.state) {
    case 'checking':
      return 'Checking this machine';
    case 'failed':
      return 'Cannot run here';
    case 'ready': {
      if (status.provider === 'webgpu') return `WebGPU · ${status.precision}`;
      const { threads } = status;
      return threads === undefined ? 'WASM' : `WASM · ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    }
    default:
      throw new TypeError(`unknown state ${status satisfies never}`);
  }
}

/** What a person should know about it, beyond the label. */
export function statusExplanation(status: EngineStatus): string {
  if (status.state === 'checking') return 'Looking for a graphics processor that the page can use.';
  if (status.state === 'failed') return status.message;
  if (status.provider === 'wasm') return 'No WebGPU here: pictures are made on the CPU, slower.';
  return 'Pictures are made on this machine’s graphics processor. Nothing leaves it.';
}
