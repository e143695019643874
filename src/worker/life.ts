/** How the page notices that a worker ended, which browsers tell nobody. */
import type { Alive } from '../contract/protocol';

/** Holds a lock for as long as this worker lives: the browser gives it back however it ends. */
export function tellLife(post: (message: Alive) => void): void {
  // Absent on addresses without https.
  if (navigator.locks === undefined) return;
  const lock = `inlay-worker-${crypto.randomUUID()}`;
  void navigator.locks.request(lock, () => {
    post({ type: 'alive', lock });
    return new Promise(() => {});
  });
}
