/** Work in parts: whoever has other things to do may pause after each, or do all of it at once. */

/**
 * Yields after each part what it cost, in tiles that were looked at pixel by pixel (about 20 µs each): the same for the
 * same work on every machine.
 */
export type Parts<Result> = Generator<number, Result>;

/** Does what is left. */
export function finish<Result>(parts: Generator<unknown, Result>): Result {
  for (;;) {
    const next = parts.next();
    if (next.done) return next.value;
  }
}
