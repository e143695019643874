/** Work in parts: the caller may pause after each part, or do all of it at once. */

/**
 * Yields the cost of each part, in tiles that were read pixel by pixel (about 20 µs each). It is the same for the same
 * work on every machine.
 */
export type SlicedWork<Result> = Generator<number, Result>;

/** Longest that sliced work keeps the page waiting. */
const SLICE_MS = 8;

/** Does the rest at once. */
export function finish<Result>(work: Generator<unknown, Result>): Result {
  for (;;) {
    const next = work.next();
    if (next.done) return next.value;
  }
}

/** Does the rest in slices, between which the page can react. */
export async function finishInSlices<Result>(work: Generator<unknown, Result>): Promise<Result> {
  for (let since = performance.now(); ; ) {
    const next = work.next();
    if (next.done) return next.value;
    if (performance.now() - since < SLICE_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  }
}
