/**
 * Completes the hole of one image from coarse to fine: at each scale patches are matched and the hole is voted anew, in
 * turn, so that it agrees ever better with what surrounds it (Wexler, Shechtman and Irani 2007, with the search of
 * Barnes et al. 2009). At one scale in between it is put together anew from large pieces (`shifts.ts`), and from there on
 * only their seams move.
 */
import { createSamples, pushPull } from '../pushPull';
import { join } from './join';
import { createPyramid, sourcesOf } from './level';
import { createMatches, type Matches, matchAtRandom, matchFrom, measure, sweep } from './matches';
import { repeatingShifts, usedShifts } from './offers';
import { guessOutward, outwardOf, outwardScale } from './outward';
import { createDraw, type Draw } from './random';
import { HOLE, KNOWN, type Level } from './scale';
import { choose, type Shift } from './shifts';
import { centreWeights, trustOf, vote } from './vote';

/** Patches of 7 × 7 pixels; smaller ones only where no known patch of that size exists. */
const RADIUS = 3;
/** A narrow vote: matching does not drift to smooth patches, which are never far from anything. */
const SPREAD = 1;
const STRICTNESS = 4;
/** The last vote's, narrower still: nearly a copy. */
const LAST_SPREAD = 0.3;
/** So many targets are worked on between two looks at the clock: a few milliseconds. */
const STRETCH = 4096;

/** A scale with more targets than this is LARGE: it gets fewer rounds, and looks only near what it took over. */
const LARGE = 30_000;
const VERY_LARGE = 300_000;

/** The finest scale at which the hole has at most so many pixels is put together anew: a cut's time grows with them. */
const MOST_REARRANGED = 3000;
/** Of each kind: a cut for each of them, a few milliseconds. */
const MOST_SHIFTS = 60;
/** What repeats is looked for at the finest scale with at most so many sources. */
const MOST_REPEATING = 8000;

interface Effort {
  rounds: number;
  sweeps: number;
  /** Pixels: the largest radius of the random search. */
  reach: number;
}

const SEAMS_ONLY: Effort = { rounds: 1, sweeps: 2, reach: 1 };

/**
 * Fills the hole of `finest.colours` in place. Yields after each stretch of a few milliseconds the share of the work that
 * is done, 0 to 1.
 * @param finest holds at least one known pixel
 */
export function* complete(finest: Omit<Level, 'roughness'>, seed: number): Generator<number> {
  const radius = radiusFor(finest);
  const draw = createDraw(seed);
  const outwards = outwardScale(finest);
  const levels = createPyramid(finest, radius, outwards || Infinity);
  // Each scale is reckoned as half of all that are left: the finest has less to do than its size would say.
  let [done, share] = [0, 0.5 ** levels.length];
  const rearranged = levels.findIndex((level) => holeSize(level) <= MOST_REARRANGED);
  const scales: Matches[] = [];
  let matches: Matches | null = null;
  for (const [depth, level] of [...levels.entries()].reverse()) {
    yield done;
    const outward = outwards > 0 ? outwardOf(level) : null;
    const next = createMatches(level, radius, outward);
    if (matches) {
      matchFrom(matches, next, draw);
      // Costs are not measured yet: all count the same.
      yield* constant(done, voteAll(next, trustOf(next, 0), centreWeights(radius, Infinity)));
    } else {
      guess(level);
      if (outward) guessOutward(level, outward, draw);
      matchAtRandom(next, draw);
    }
    const effort = effortFor(next, depth, matches === null, depth < rearranged);
    for (const part of settle(next, effort, draw)) yield done + (share * part) / 2;
    if (depth === rearranged) {
      yield* constant(done + share / 2, rearrange(next, scales, draw));
      // A finer scale does the same for its own.
      if (depth === 0) yield* constant(done + share / 2, settle(next, SEAMS_ONLY, draw));
    }
    done += share;
    share *= 2;
    matches = next;
    scales.push(next);
  }
  if (matches) {
    // The crispest vote: nearly a copy of the best patch's centre.
    const weights = centreWeights(radius, LAST_SPREAD);
    yield* constant(done, voteAll(matches, trustOf(matches, STRICTNESS), weights));
    yield* constant(done, join(matches));
  }
  yield 1;
}

/** The same share again for each step of `steps`. */
function* constant(share: number, steps: Iterable<unknown>): Generator<number> {
  for (const _ of steps) yield share;
}

function* voteAll(matches: Matches, trust: Float32Array, weights: Float32Array): Generator<number> {
  yield* stretches(matches.targets.length, (first, end) => vote(matches, trust, weights, first, end));
}

/** Works through `count` targets. Yields the share that is done. */
function* stretches(count: number, work: (first: number, end: number) => void): Generator<number> {
  for (let first = 0; first < count; first += STRETCH) {
    work(first, Math.min(count, first + STRETCH));
    yield Math.min(1, (first + STRETCH) / count);
  }
}

/** The largest radius, at most RADIUS, for which there are patches of known pixels alone. */
function radiusFor(level: Omit<Level, 'roughness'>): number {
  for (let radius = RADIUS; radius > 0; radius--) if (sourcesOf(level, radius).includes(1)) return radius;
  return 0;
}

/**
 * Large scales are dear, and their matches come nearly right from the scale before.
 * @param isArranged large pieces have been copied: only their seams are still to move
 */
function effortFor(
  { level, targets }: Matches,
  depth: number,
  isFirst: boolean,
  isArranged: boolean,
): Effort {
  if (isArranged) return SEAMS_ONLY;
  const reach = Math.max(level.width, level.height);
  if (!isFirst && targets.length > VERY_LARGE) return { rounds: 1, sweeps: 2, reach: 2 };
  if (!isFirst && targets.length > LARGE) return { rounds: 2, sweeps: 2, reach: 16 };
  if (!isFirst && depth === 0) return { rounds: 2, sweeps: 2, reach: 16 };
  return { rounds: depth === 1 ? 3 : 5 + 2 * depth, sweeps: 4, reach };
}

/** The first guess at the coarsest scale: what surrounds the hole, carried inward. */
function guess(level: Level): void {
  const { colours, roughness, kinds } = level;
  const carried = [carryInward(level, colours, 3), carryInward(level, roughness, 2)];
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] !== HOLE) continue;
    for (let c = 0; c < 3; c++) colours[3 * i + c] = (carried[0]?.[3 * i + c] ?? 0) + 0.5;
    for (let c = 0; c < 2; c++) roughness[2 * i + c] = carried[1]?.[3 * i + c] ?? 0;
  }
}

/** What is known, smoothly continued. @returns [height × width × 3], whatever the number of channels */
function carryInward(
  { width, height, kinds }: Level,
  values: ArrayLike<number>,
  channels: number,
): Float32Array {
  const samples = createSamples({ width, height });
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] !== KNOWN) continue;
    samples.weights[i] = 1;
    for (let c = 0; c < channels; c++) samples.values[3 * i + c] = values[channels * i + c] ?? 0;
  }
  pushPull(samples, 0);
  return samples.values;
}

/**
 * Chooses anew where the hole is copied from, in large pieces. @param scales all that are coarser, coarsest first
 */
function* rearrange(matches: Matches, scales: readonly Matches[], draw: Draw): Generator<unknown> {
  const shifts: Shift[] = usedShifts(matches, MOST_SHIFTS);
  const at = scales.findLastIndex(({ sourceList }) => sourceList.length <= MOST_REPEATING);
  const coarse = scales[at];
  if (coarse) {
    const factor = 2 ** (scales.length - at);
    for (const { dx, dy } of yield* repeatingShifts(coarse, MOST_SHIFTS, draw)) {
      const shift = { dx: dx * factor, dy: dy * factor };
      if (!shifts.some((other) => other.dx === shift.dx && other.dy === shift.dy)) shifts.push(shift);
    }
  }
  yield* choose(matches, shifts, carryInward(matches.level, matches.level.roughness, 2));
}

/** Pixels. */
function holeSize({ kinds }: Level): number {
  let count = 0;
  for (const kind of kinds) if (kind === HOLE) count++;
  return count;
}

/** Matches and votes in turn. Yields the share that is done. */
function* settle(matches: Matches, { rounds, sweeps, reach }: Effort, draw: Draw): Generator<number> {
  const weights = centreWeights(matches.radius, SPREAD);
  const count = matches.targets.length;
  const passes = rounds * (2 + sweeps);
  let pass = 0;
  function* counted(parts: Iterable<number>) {
    for (const part of parts) yield (pass + part) / passes;
    pass++;
  }
  for (let round = 0; round < rounds; round++) {
    yield* counted(stretches(count, (first, end) => measure(matches, first, end)));
    for (let i = 0; i < sweeps; i++) {
      const forward = i % 2 === 0;
      const swept = (first: number, end: number) =>
        forward
          ? sweep(matches, first, end, { forward, reach, draw })
          : sweep(matches, count - end, count - first, { forward, reach, draw });
      yield* counted(stretches(count, swept));
    }
    yield* counted(voteAll(matches, trustOf(matches, STRICTNESS), weights));
  }
}
