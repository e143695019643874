/** A kind of fault, what it is measured by, and how it is told. */
import { createHash } from 'node:crypto';

/**
 * What a person has, as it was found: texts (digests of pixels, prompts) stay as they are, numbers do not get less, and of
 * lists nothing goes.
 */
export type State = Record<string, string | number | string[]>;

export interface Outcome {
  before: State;
  after: State;
  /** What was said to the person. */
  told: string;
  /** What the next run gave, beside its time. */
  next: string;
  /** From the fault, or from where it is over, until everything can be used. */
  usableMs: number;
}

export interface Kind {
  name: string;
  /** @throws Error where something is not as it should be, apart from what is lost */
  run(): Promise<Outcome>;
}

/** A group of kinds and what they share: begun before the first of them and ended after the last. */
export interface Group {
  name: string;
  begin(): Promise<{ kinds: Kind[]; end(): Promise<void> }>;
}

/** What there was before and is not there after. */
export function lostOf(before: State, after: State): string[] {
  return Object.entries(before).flatMap(([key, had]) => {
    const has = after[key];
    if (typeof had === 'string') return had === has ? [] : [`${key}: ${had} became ${has}`];
    if (typeof had === 'number') return Number(has) >= had ? [] : [`${key}: ${had} became ${has}`];
    const left = Array.isArray(has) ? has : [];
    return had.filter((each) => !left.includes(each)).map((each) => `${key}: ${each} is gone`);
  });
}

/** Enough of a digest to tell two apart in a table. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 8);
}

export const columns = [
  'Kind',
  'Before',
  'After',
  'Lost',
  'What is said',
  'Usable again after',
  'The next run',
];

export function rowOf(name: string, outcome: Outcome): string {
  const lost = lostOf(outcome.before, outcome.after);
  return line([
    name,
    written(outcome.before),
    written(outcome.after),
    lost.length > 0 ? `**${lost.join('; ')}**` : 'nothing',
    outcome.told,
    `${(outcome.usableMs / 1000).toFixed(1)} s`,
    outcome.next,
  ]);
}

export function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\s+/g, ' ').trim()).join(' | ')} |`;
}

function written(state: State): string {
  return Object.entries(state)
    .map(([key, value]) => `${key} ${Array.isArray(value) ? value.join(' ') || 'none' : value}`)
    .join(', ');
}

export function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** What does not come in time is an error. */
export async function within<Result>(ms: number, what: string, work: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Asks again and again. @throws Error naming what did not come */
export async function until<Found>(
  look: () => Promise<Found | false | null | undefined> | Found | false | null | undefined,
  what: string,
  limitMs = 120_000,
): Promise<Found> {
  const started = performance.now();
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() - started > limitMs) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    await pause(50);
  }
}
