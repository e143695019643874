/** A kind of fault, how its outcome is judged, and how it is reported. */
import { createHash } from 'node:crypto';

/**
 * What the user has. Texts (digests of pixels, prompts) must stay the same, numbers must not shrink, and lists must not
 * lose entries.
 */
export type State = Record<string, string | number | string[]>;

export interface Outcome {
  before: State;
  after: State;
  /** The message shown to the user. */
  told: string;
  /** Outcome and time of the next run. */
  next: string;
  /** From the fault, or its end, until everything works again. */
  usableMs: number;
}

export interface Kind {
  name: string;
  /** @throws Error if something other than lost work is wrong */
  run(): Promise<Outcome>;
}

/** A group of kinds and their shared setup, started before the first and ended after the last. */
export interface Group {
  name: string;
  begin(): Promise<{ kinds: Kind[]; end(): Promise<void> }>;
}

/** What was there before but is missing after. */
export function lostOf(before: State, after: State): string[] {
  return Object.entries(before).flatMap(([key, had]) => {
    const has = after[key];
    if (typeof had === 'string') return had === has ? [] : [`${key}: ${had} became ${has}`];
    if (typeof had === 'number') return Number(has) >= had ? [] : [`${key}: ${had} became ${has}`];
    const left = Array.isArray(has) ? has : [];
    return had.filter((each) => !left.includes(each)).map((each) => `${key}: ${each} is gone`);
  });
}

/** The start of a digest, long enough to tell two apart in a table. */
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

/** Fails if the work does not finish in time. */
export async function within<Result>(ms: number, what: string, work: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Polls until it succeeds. @throws Error naming what did not happen */
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
