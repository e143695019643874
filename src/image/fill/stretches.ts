/**
 * Work in stretches of a few milliseconds: between two of them a generator yields, so that a thread can hear that it is to
 * stop. Every loop over a scale's pixels goes through these.
 */
import type { Size } from '../geometry';

/** Pixels of a plain loop in one stretch. */
const PLAIN = 1 << 17;
/** Pixels whose patches are compared or voted in one stretch. */
export const PATCHES = 4096;

/** Yields between stretches the share of the loop that is done; returns what was made. */
export type Steps<Result = void> = Generator<number, Result>;

/** @param work does rows `first` to below `end` */
export function* byRows({ width, height }: Size, work: (first: number, end: number) => void): Steps {
  yield* byCount(height, work, Math.max(1, Math.floor(PLAIN / Math.max(1, width))));
}

/** @param work does items `first` to below `end`, at most `most` of them */
export function* byCount(count: number, work: (first: number, end: number) => void, most = PLAIN): Steps {
  for (let first = 0; first < count; first += most) {
    work(first, Math.min(count, first + most));
    yield Math.min(1, (first + most) / count);
  }
}
