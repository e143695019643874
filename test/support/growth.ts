/** Measures how a parser's time grows with its input. Repeats the measurement, so that a busy machine does not decide. */

/** The fastest of these tries counts: other work of the machine can only add time. */
const TRIES = 5;
/** The shortest try, so that the clock's resolution does not matter. */
const LEAST_MS = 2;

/** Between linear (4) and quadratic (16) growth from n to 4n, with room for the cost of more memory. */
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
  // A disturbance of the short run only makes the ratio smaller; after one of the long run, measure again.
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
        // A refused input has been read, too.
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
