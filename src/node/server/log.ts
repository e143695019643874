/** Structured logs: one line of JSON per event. They name requests by route and id and never hold their contents. */

export type Log = (event: string, fields: Readonly<Record<string, unknown>>) => void;

/** @param write called with a line, newline included */
export function createLog(write: (line: string) => void, now: () => Date = () => new Date()): Log {
  return (event, fields) => write(`${JSON.stringify({ time: now().toISOString(), event, ...fields })}\n`);
}
