/** Lets the page notice that a worker ended, which browsers do not report. */
import type { Alive } from '../contract/protocol';

/** Holds a lock for as long as this worker lives: the browser releases it however the worker ends. */
export function tellLife(post: (message: Alive) => void): void {
  // Absent on pages without https.
  if (navigator.locks === undefined) return;
  const lock = `inlay-worker-${crypto.randomUUID()}`;
  void navigator.locks.request(lock, () => {
    post({ type: 'alive', lock });
    return new Promise(() => {});
  });
}
