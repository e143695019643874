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
import { byCount, PATCHES, type Steps } from './stretches';
import { centreWeights, trustOf, vote } from './vote';

/** Patches of 7 × 7 pixels; smaller ones only where no known patch of that size exists. */
const RADIUS = 3;
/** A narrow vote: matching does not drift to smooth patches, which are never far from anything. */
const SPREAD = 1;
const STRICTNESS = 4;
/** The last vote's, narrower still: nearly a copy. */
const LAST_SPREAD = 0.3;
/** A scale with more targets than this is LARGE: it gets fewer rounds, and looks only near what it took over. */
const LARGE = 30_000;
const VERY_LARGE = 300_000;

/** The finest scale at which the hole has at most so many pixels is put together anew: a cut's time grows with them. */
const MOST_REARRANGED = 3000;
/** If there is none, the coarsest, with at most so many: strips around an image are large at every scale. */
const MOST_AT_COARSEST = 50_000;
/** Pixels of a whole scale that is gone through in one piece. */
const MOST_AREA = 1 << 18;
/** Of each kind, a cut for each of them; fewer where a cut takes long. */
const MOST_SHIFTS = 60;
const MOST_CUT = 750_000; // pixels, of all cuts for one kind
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
  const radius = yield* constant(0, radiusFor(finest));
  const draw = createDraw(seed);
  const outwards = yield* constant(0, outwardScale(finest));
  const levels = yield* constant(0, createPyramid(finest, radius, outwards || Infinity));
  // Each scale is reckoned as half of all that are left: the finest has less to do than its size would say.
  let [done, share] = [0, 0.5 ** levels.length];
  const rearranged = yield* constant(0, rearrangedScale(levels));
  const scales: Matches[] = [];
  let matches: Matches | null = null;
  for (const [depth, level] of [...levels.entries()].reverse()) {
    const outward = outwards > 0 ? yield* constant(done, outwardOf(level)) : null;
    const next = yield* constant(done, createMatches(level, radius, outward));
    if (matches) {
      yield* constant(done, matchFrom(matches, next, draw));
      // Costs are not measured yet: all count the same.
      yield* constant(done, voteAll(next, 0, centreWeights(radius, Infinity)));
    } else {
      yield* constant(done, guess(level));
      if (outward) yield* constant(done, guessOutward(level, outward, draw));
      yield* constant(done, matchAtRandom(next, draw));
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
    yield* constant(done, voteAll(matches, STRICTNESS, weights));
    yield* constant(done, join(matches));
  }
  yield 1;
}

/** The same share again for each of the steps. */
function* constant<Result>(share: number, steps: Steps<Result>): Generator<number, Result> {
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    yield share;
  }
}

function* voteAll(matches: Matches, strictness: number, weights: Float32Array): Steps {
  const trust = yield* trustOf(matches, strictness);
  yield* byCount(matches.targets.length, (first, end) => vote(matches, trust, weights, first, end), PATCHES);
}

/** The largest radius, at most RADIUS, for which there are patches of known pixels alone. */
function* radiusFor(level: Omit<Level, 'roughness'>): Steps<number> {
  for (let radius = RADIUS; radius > 0; radius--) {
    if ((yield* sourcesOf(level, radius)).includes(1)) return radius;
  }
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
function* guess(level: Level): Steps {
  const { colours, roughness, kinds } = level;
  const colour = yield* carryInward(level, colours, 3);
  const rough = yield* carryInward(level, roughness, 2);
  yield* byCount(kinds.length, (first, end) => {
    for (let i = first; i < end; i++) {
      if (kinds[i] !== HOLE) continue;
      for (let c = 0; c < 3; c++) colours[3 * i + c] = (colour[3 * i + c] ?? 0) + 0.5;
      for (let c = 0; c < 2; c++) roughness[2 * i + c] = rough[3 * i + c] ?? 0;
    }
  });
}

/** What is known, smoothly continued. @returns [height × width × 3], whatever the number of channels */
function* carryInward(
  { width, height, kinds }: Level,
  values: ArrayLike<number>,
  channels: number,
): Steps<Float32Array> {
  const samples = createSamples({ width, height });
  yield* byCount(kinds.length, (first, end) => {
    for (let i = first; i < end; i++) {
      if (kinds[i] !== KNOWN) continue;
      samples.weights[i] = 1;
      for (let c = 0; c < channels; c++) samples.values[3 * i + c] = values[channels * i + c] ?? 0;
    }
  });
  pushPull(samples, 0);
  return samples.values;
}

/**
 * Chooses anew where the hole is copied from, in large pieces. @param scales all that are coarser, coarsest first
 */
function* rearrange(matches: Matches, scales: readonly Matches[], draw: Draw): Steps {
  const most = Math.min(MOST_SHIFTS, Math.ceil(MOST_CUT / (yield* holeSize(matches.level))));
  const shifts: Shift[] = usedShifts(matches, most);
  const at = scales.findLastIndex(
    ({ sourceList, sources }) => sourceList.length <= MOST_REPEATING && sources.length <= MOST_AREA,
  );
  const coarse = scales[at];
  if (coarse) {
    const factor = 2 ** (scales.length - at);
    for (const { dx, dy } of yield* repeatingShifts(coarse, most, draw)) {
      const shift = { dx: dx * factor, dy: dy * factor };
      if (!shifts.some((other) => other.dx === shift.dx && other.dy === shift.dy)) shifts.push(shift);
    }
  }
  const rough = yield* carryInward(matches.level, matches.level.roughness, 2);
  yield* choose(matches, shifts, rough, draw);
}

/** The scale that is put together anew. @returns its place, −1 if there is none */
function* rearrangedScale(levels: readonly Level[]): Steps<number> {
  for (const [i, level] of levels.entries()) {
    if (level.kinds.length > MOST_AREA) continue;
    const size = yield* holeSize(level);
    if (size <= (i + 1 < levels.length ? MOST_REARRANGED : MOST_AT_COARSEST)) return i;
  }
  return -1;
}

/** Pixels. */
function* holeSize({ kinds }: Level): Steps<number> {
  let count = 0;
  yield* byCount(kinds.length, (first, end) => {
    for (let i = first; i < end; i++) if (kinds[i] === HOLE) count++;
  });
  return count;
}

/** Matches and votes in turn. Yields the share that is done. */
function* settle(matches: Matches, { rounds, sweeps, reach }: Effort, draw: Draw): Generator<number> {
  const weights = centreWeights(matches.radius, SPREAD);
  const count = matches.targets.length;
  const passes = rounds * (2 + sweeps);
  let pass = 0;
  function* counted(steps: Steps) {
    for (const part of steps) yield (pass + part) / passes;
    pass++;
  }
  for (let round = 0; round < rounds; round++) {
    yield* counted(byCount(count, (first, end) => measure(matches, first, end), PATCHES));
    for (let i = 0; i < sweeps; i++) {
      const forward = i % 2 === 0;
      const swept = (first: number, end: number) =>
        forward
          ? sweep(matches, first, end, { forward, reach, draw })
          : sweep(matches, count - end, count - first, { forward, reach, draw });
      yield* counted(byCount(count, swept, PATCHES));
    }
    // Its own steps begin anew within it; what is told never falls.
    for (const _ of voteAll(matches, STRICTNESS, weights)) yield pass / passes;
    pass++;
  }
}
