/** How long the parts of a start take, for the browser's developer tools and bench/coldStart.ts. */

/** @param name as the timeline shows it, behind `inlay: ` */
export async function measured<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    performance.measure(`inlay: ${name}`, { start });
  }
}
