/** The page's side of worker/life: a worker's lock is free once the worker is gone. */

/** @param ended called once; the lock's name comes in the worker's message `alive` */
export function whenEnded(lock: string, ended: () => void): void {
  navigator.locks?.request(lock, ended).catch(() => {});
}
