/** How long the parts of a start take, for the browser's developer tools. */

/** @param name as the timeline shows it, behind `inlay: ` */
export async function measured<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    noteTime(name, start, performance.now() - start);
  }
}

/** The last time of each name is kept. @param start in milliseconds of `performance.now()` */
export function noteTime(name: string, start: number, duration: number): void {
  const entry = `inlay: ${name}`;
  performance.clearMeasures(entry);
  performance.measure(entry, { start, duration });
}
