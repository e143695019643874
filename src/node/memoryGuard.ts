/** The memory guard of the command line and the server: WASM, on a device whose memory is known exactly. */
import { totalmem } from 'node:os';
import { createMemoryGuard, type MemoryGuard } from '../model/memoryGuard';
import type { Runtime } from '../model/runtime/session';

/** @param memoryBytes of the device; absent: of this one */
export function createNodeGuard(runtime: Runtime, memoryBytes = machineBytes()): MemoryGuard {
  const experience = new Map<string, string>();
  return createMemoryGuard(runtime, {
    // Not stored: after running out of memory the process ends, and the next one starts afresh.
    kept: {
      get: async (key) => experience.get(key),
      set: async (key, value) => void experience.set(key, value),
    },
    machine: { memoryBytes },
  });
}

/** The container's limit, if there is one below the device's memory. */
function machineBytes(): number {
  const limit = process.constrainedMemory();
  return limit ? Math.min(limit, totalmem()) : totalmem();
}
