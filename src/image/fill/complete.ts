/**
 * Completes the hole of one image from coarse to fine: at each scale patches are matched and the hole is voted anew, in
 * turn, so that it agrees ever better with what surrounds it (Wexler, Shechtman and Irani 2007, with the search of
 * Barnes et al. 2009).
 */
import { createSamples, pushPull } from '../pushPull';
import { composeDetail } from './detail';
import { createPyramid, HOLE, KNOWN, type Level, sourcesOf } from './level';
import { createMatches, type Matches, matchAtRandom, matchFrom, measure, sweep } from './matches';
import { createDraw, type Draw } from './random';
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

interface Plan {
  level: Level;
  rounds: number;
  sweeps: number;
  /** Pixels: the largest radius of the random search. */
  reach: number;
}

/**
 * Fills the hole of `finest.colours` in place. Yields after each stretch of a few milliseconds the share of the work that
 * is done, 0 to 1.
 * @param finest holds at least one known pixel
 */
export function* complete(finest: Level, seed: number): Generator<number> {
  const radius = radiusFor(finest);
  const draw = createDraw(seed);
  const plans = planOf(createPyramid(finest, radius));
  const costOf = ({ level, rounds, sweeps, reach }: Plan) =>
    level.width * level.height * rounds * (2 + sweeps * (3 + Math.log2(reach)));
  const whole = plans.reduce((sum, plan) => sum + costOf(plan), 0);
  let done = 0;
  let matches: Matches | null = null;
  for (const plan of plans) {
    const next = createMatches(plan.level, radius);
    if (matches) {
      matchFrom(matches, next, draw);
      next.costs.fill(1);
      vote(
        next,
        trustOf(next, 0),
        centreWeights(radius, Infinity),
        0,
        next.targets.length,
        plan.level.colours,
      );
    } else {
      guess(plan.level);
      matchAtRandom(next, draw);
    }
    for (const share of settle(next, plan, draw)) yield (done + share * costOf(plan)) / whole;
    done += costOf(plan);
    matches = next;
  }
  if (matches) composeDetail(matches, detailOf(matches));
  yield 1;
}

/** The largest radius, at most RADIUS, for which there are patches of known pixels alone. */
function radiusFor(level: Level): number {
  for (let radius = RADIUS; radius > 0; radius--) if (sourcesOf(level, radius).includes(1)) return radius;
  return 0;
}

/** Coarsest first. Large scales are dear, and their matches come nearly right from the scale before. */
function planOf(levels: readonly Level[]): Plan[] {
  return levels
    .map((level, i) => {
      if (i === 0 && levels.length > 1) return { level, rounds: 2, sweeps: 2, reach: 16 };
      const reach = Math.max(level.width, level.height);
      return { level, rounds: i === 1 ? 3 : 5 + 2 * i, sweeps: 4, reach };
    })
    .reverse();
}

/** The first guess at the coarsest scale: the surrounding colours, carried inward. */
function guess({ width, height, colours, kinds }: Level): void {
  const samples = createSamples({ width, height });
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] !== KNOWN) continue;
    samples.weights[i] = 1;
    for (let c = 3 * i; c < 3 * i + 3; c++) samples.values[c] = colours[c] ?? 0;
  }
  pushPull(samples, 128);
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] !== HOLE) continue;
    for (let c = 3 * i; c < 3 * i + 3; c++) colours[c] = Math.round(samples.values[c] ?? 0);
  }
}

/** Matches and votes in turn. Yields the share that is done. */
function* settle(matches: Matches, plan: Plan, draw: Draw): Generator<number> {
  const { rounds, sweeps, reach, level } = plan;
  const weights = centreWeights(matches.radius, SPREAD);
  const count = matches.targets.length;
  const passes = rounds * (2 + sweeps);
  let pass = 0;
  function* overAll(work: (first: number, end: number) => void) {
    for (let first = 0; first < count; first += STRETCH) {
      work(first, Math.min(count, first + STRETCH));
      yield (pass + Math.min(1, (first + STRETCH) / count)) / passes;
    }
    pass++;
  }
  for (let round = 0; round < rounds; round++) {
    yield* overAll((first, end) => measure(matches, first, end));
    for (let i = 0; i < sweeps; i++) {
      const forward = i % 2 === 0;
      yield* overAll((first, end) =>
        forward
          ? sweep(matches, first, end, { forward, reach, draw })
          : sweep(matches, count - end, count - first, { forward, reach, draw }),
      );
    }
    const trust = trustOf(matches, STRICTNESS);
    yield* overAll((first, end) => vote(matches, trust, weights, first, end, level.colours));
  }
}

/** The crispest vote: nearly a copy of the best patch's centre. [height × width × 3] */
function detailOf(matches: Matches): Float32Array {
  const detail = Float32Array.from(matches.level.colours);
  const weights = centreWeights(matches.radius, LAST_SPREAD);
  vote(matches, trustOf(matches, STRICTNESS), weights, 0, matches.targets.length, detail);
  return detail;
}
