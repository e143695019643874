/** The memory guard of the command line and of servers: WASM, on a machine that tells its memory to the byte. */
import { totalmem } from 'node:os';
import { createMemoryGuard, type MemoryGuard } from '../model/memoryGuard';
import type { Runtime } from '../model/runtime/session';

/** @param memoryBytes of the machine; absent: what this one says */
export function createNodeGuard(runtime: Runtime, memoryBytes = machineBytes()): MemoryGuard {
  const experience = new Map<string, string>();
  return createMemoryGuard(runtime, {
    // A process that ran out of memory is gone, and its successor knows nothing: what it learnt is not kept.
    kept: {
      get: async (key) => experience.get(key),
      set: async (key, value) => void experience.set(key, value),
    },
    machine: { memoryBytes },
  });
}

/** In a container that may have less than the machine, what the container has. */
function machineBytes(): number {
  const limit = process.constrainedMemory();
  return limit ? Math.min(limit, totalmem()) : totalmem();
}
