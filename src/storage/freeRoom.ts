/** How much more the page may store: one reading of the browser's estimate, for models and results alike. */

/** What Chrome reports as free whenever that much or more is. */
const CHROME_REPORTS_BYTES = 10 * 2 ** 30;

/**
 * Chrome reports usage + 10 GiB whenever there is as much or more, so that pages can't tell devices or private windows
 * apart; the quota that it enforces is another (chromestatus.com/feature/4977371751645184). On smaller disks it reports
 * their size in whole GiB, and no more than that can be free.
 * @returns bytes; undefined if the browser does not say
 */
export function freeRoom({ quota, usage }: StorageEstimate): number | undefined {
  if (quota === undefined || usage === undefined) return undefined;
  const free = Math.max(0, quota - usage);
  return free === CHROME_REPORTS_BYTES ? undefined : free;
}
