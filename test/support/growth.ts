/** How a parser's time grows with its input: found by repetition, so that a busy machine does not decide. */

/** Fastest of so many tries: what else the machine does only ever adds time. */
const TRIES = 5;
/** Each try lasts at least so long, so that the clock's steps do not count. */
const LEAST_MS = 2;

/** Between linear (4) and quadratic (16) for 4n against n, with room for what large memory costs. */
export const MOST_GROWTH = 10;

/**
 * @param input the worst shape at size `n`
 * @param work may throw: a refusal takes time, too
 * @returns how many times longer `work` takes for 4n than for n: 4 where time is linear, 16 where it is quadratic
 */
export function growth<Input>(
  input: (n: number) => Input,
  work: (input: Input) => unknown,
  n: number,
): number {
  let least = Number.POSITIVE_INFINITY;
  // What disturbs the short one alone makes the ratio small; what disturbs the long one alone is tried again.
  for (let i = 0; i < 3 && least > MOST_GROWTH; i++) {
    least = Math.min(least, fastest(input(4 * n), work) / fastest(input(n), work));
  }
  return least;
}

function fastest<Input>(input: Input, work: (input: Input) => unknown): number {
  let repeats = 1;
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < TRIES; ) {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) {
      try {
        work(input);
      } catch {
        // What is refused has been read all the same.
      }
    }
    const ms = performance.now() - start;
    if (ms < LEAST_MS && repeats < 1e6) {
      repeats *= 2;
      continue;
    }
    best = Math.min(best, ms / repeats);
    run++;
  }
  return best;
}
