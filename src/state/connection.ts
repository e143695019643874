/** What the browser says of the network. */

/** Whether data seems to cost money: mobile data, or the wish to save it. @returns undefined if the browser doesn't say */
export function isMetered(): boolean | undefined {
  const { connection } = navigator as { connection?: { type?: string; saveData?: boolean } };
  return connection && (connection.type === 'cellular' || connection.saveData === true);
}
