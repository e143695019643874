/** One entry point for input from outside, and how to tell that it withstands it. */
import fc from 'fast-check';

export interface Target<Input = unknown> {
  /** Its name in the table. */
  name: string;
  input: fc.Arbitrary<Input>;
  /**
   * Takes one input. What it throws must be a refusal in words.
   * @returns whether it was taken; a refusal that is no throw (an answer of a server) is `false`
   */
  take(input: Input): unknown;
  /** Whether that is an error for people: a named one, which says what, where and what to do. */
  isRefusal(error: unknown): boolean;
  /** Nothing is refused here: whatever is given means something. */
  isTotal?: true;
  /** Of the cases that others get: where one takes longer. */
  share?: number;
  /** Called around all cases. */
  open?(): Promise<void>;
  close?(): Promise<void>;
}

/** A target whose inputs are of a type of its own, among others. */
export function target<Input>(given: Target<Input>): Target {
  return given as Target<never> as Target;
}

export interface Outcome {
  name: string;
  cases: number;
  taken: number;
  refused: number;
  /** Of the slowest case. */
  longestMs: number;
  /** What went wrong, with the smallest input that does it; absent where nothing did. */
  failure?: string;
}

/** No small input is worth so much time, even on a busy machine. */
const MOST_MS = 10_000;

/** @param seed of the inputs: the same one gives the same cases */
export async function fuzz(entrance: Target, cases: number, seed: number): Promise<Outcome> {
  const numRuns = Math.ceil(cases * (entrance.share ?? 1));
  const outcome: Outcome = { name: entrance.name, cases: numRuns, taken: 0, refused: 0, longestMs: 0 };
  await entrance.open?.();
  try {
    const property = fc.asyncProperty(entrance.input, async (input) => {
      const start = performance.now();
      try {
        if ((await entrance.take(input)) === false) outcome.refused++;
        else outcome.taken++;
      } catch (error) {
        if (!entrance.isRefusal(error)) throw error;
        outcome.refused++;
      }
      const ms = performance.now() - start;
      outcome.longestMs = Math.max(outcome.longestMs, ms);
      if (ms > MOST_MS) throw new Error(`took ${Math.round(ms)} ms`);
      assertUnpolluted();
    });
    const result = await fc.check(property, { numRuns, seed, endOnFailure: false });
    if (result.failed) {
      const cause = result.errorInstance;
      outcome.failure = [
        cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
        `Smallest input: ${short(fc.stringify(result.counterexample))}`,
        `Again: --seed ${result.seed} --path ${result.counterexamplePath}`,
      ].join('\n');
    }
  } finally {
    await entrance.close?.();
  }
  return outcome;
}

/** Plain objects are as they were: no input has written into what all objects share. */
function assertUnpolluted(): void {
  for (const key in {}) throw new Error(`every object has a key "${key}" now`);
}

function short(text: string): string {
  return text.length <= 2000 ? text : `${text.slice(0, 2000)}… (${text.length} characters)`;
}
