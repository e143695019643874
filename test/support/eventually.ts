/** Waits in unit tests, long enough for a busy machine. */
import { vi } from 'vitest';

/** Repeats `holds` until it does not throw. `expect.poll` has the same time limit: vite.config.ts. */
export function eventually<Value>(holds: () => Value | Promise<Value>): Promise<Value> {
  return vi.waitFor(holds, { timeout: 30_000, interval: 10 });
}
