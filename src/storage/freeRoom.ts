/** How much more the page may keep: one reading of what the browser says, for models and results alike. */

const CHROME_SAYS_BYTES = 10 * 2 ** 30;

/**
 * Chrome says usage + 10 GiB wherever there is as much or more, so that pages cannot tell machines or private windows
 * apart; what it enforces is something else (chromestatus.com/feature/4977371751645184). On smaller disks it says their
 * size in whole GiB, of which no more than that can be free.
 * @returns bytes; undefined where the browser does not say
 */
export function freeRoom({ quota, usage }: StorageEstimate): number | undefined {
  if (quota === undefined || usage === undefined) return undefined;
  const free = Math.max(0, quota - usage);
  return free === CHROME_SAYS_BYTES ? undefined : free;
}
