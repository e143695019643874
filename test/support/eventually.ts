/** For tests: patience with what comes by itself, on a machine that is busy with other things, too. */
import { vi } from 'vitest';

/** Waits until it throws no more. `expect.poll` waits as long: vite.config.ts. */
export function eventually<Value>(holds: () => Value | Promise<Value>): Promise<Value> {
  return vi.waitFor(holds, { timeout: 30_000, interval: 10 });
}
