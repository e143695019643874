/** Structured logs: one line of JSON an event. Requests are named by route and id, never by their contents. */

export type Log = (event: string, fields: Readonly<Record<string, unknown>>) => void;

/** @param write takes a line with its end */
export function createLog(write: (line: string) => void, now: () => Date = () => new Date()): Log {
  return (event, fields) => write(`${JSON.stringify({ time: now().toISOString(), event, ...fields })}\n`);
}
