/** What the browser says of the network. */

interface Connection {
  type?: string;
  saveData?: boolean;
  /** Megabits a second, as the browser has seen it lately. */
  downlink?: number;
}

/** Below this, 47 MB take more than a minute, in which other pages and people wait. */
const SLOW_MEGABITS = 6;

/** Whether the network seems slow. Browsers that do not say count as fast. */
export function isSlow(): boolean {
  const { connection } = navigator as { connection?: Connection };
  return (connection?.downlink ?? Number.POSITIVE_INFINITY) < SLOW_MEGABITS;
}

/** Whether data seems to cost money: mobile data, or the wish to save it. @returns undefined if the browser doesn't say */
export function isMetered(): boolean | undefined {
  const { connection } = navigator as { connection?: Connection };
  return connection && (connection.type === 'cellular' || connection.saveData === true);
}
