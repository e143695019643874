/** Lets the page notice that a worker ended, which browsers do not report. */

/**
 * In a worker: holds a lock for as long as the worker lives. The browser releases it however the worker ends.
 * @param tell tells the page the lock's name, once it is held; never called on pages without https
 */
export function holdLifeLock(tell: (lock: string) => void): void {
  if (navigator.locks === undefined) return;
  const lock = `inlay-worker-${crypto.randomUUID()}`;
  void navigator.locks.request(lock, () => {
    tell(lock);
    return new Promise(() => {});
  });
}
