/**
 * For each patch that reaches into the hole, the patch of known pixels that is most like it: PatchMatch (Barnes et al.,
 * "PatchMatch: A Randomized Correspondence Algorithm for Structural Image Editing", 2009).
 */
import { placesOf, sourcesOf, targetsOf } from './level';
import { allows, type Outward } from './outward';
import type { Draw } from './random';
import { KNOWN, type Level } from './scale';
import { byCount, type Steps } from './stretches';

/**
 * How much a difference in roughness counts against one in colour: of 3, 10 and 50 the one that kept most texture and cost
 * no likeness (bench/fill.ts).
 */
const ROUGHNESS_COUNT = 10;

export interface Matches {
  level: Level;
  /** Patches have 2 · radius + 1 pixels a side. */
  radius: number;
  /** 1 where a patch of known pixels is centred. [height × width] */
  sources: Uint8Array;
  /** The sources' pixels, in order. */
  sourceList: Int32Array;
  /** Centres of the patches that reach into the hole, in order. */
  targets: Int32Array;
  /** For each target its source, −1 for all other pixels. [height × width] */
  nearest: Int32Array;
  /** What the match differs by (see {@link difference}); of meaning for targets. [height × width] */
  costs: Float32Array;
  /** Limits where sources are looked for; null: they may be anywhere. */
  outward: Outward | null;
}

/** All targets unmatched. */
export function* createMatches(level: Level, radius: number, outward: Outward | null = null): Steps<Matches> {
  const { width, height } = level;
  const sources = yield* sourcesOf(level, radius);
  return {
    level,
    radius,
    sources,
    sourceList: yield* placesOf(sources),
    outward,
    targets: yield* targetsOf(level, radius),
    nearest: new Int32Array(width * height).fill(-1),
    costs: new Float32Array(width * height),
  };
}

/** Gives every target any source. */
export function* matchAtRandom(matches: Matches, draw: Draw): Steps {
  const { targets, nearest } = matches;
  yield* byCount(targets.length, (first, end) => {
    for (let n = first; n < end; n++) nearest[targets[n] ?? 0] = anySource(matches, targets[n] ?? 0, draw);
  });
}

/** So often a source is drawn until one is allowed: of a twentieth of them, 19 times in 20. */
const MOST_DRAWS = 60;

function anySource({ sourceList, outward }: Matches, target: number, draw: Draw): number {
  let source = sourceList[draw(sourceList.length)] ?? 0;
  for (let i = 0; outward && i < MOST_DRAWS && !allows(outward, target, source); i++) {
    source = sourceList[draw(sourceList.length)] ?? 0;
  }
  return source;
}

/** Gives every target the source that its pixel had at the next coarser scale, or any where there was none. */
export function* matchFrom(coarse: Matches, fine: Matches, draw: Draw): Steps {
  const { width } = fine.level;
  const { width: coarseWidth, height: coarseHeight } = coarse.level;
  const take = (target: number) => {
    const [x, y] = [target % width, Math.floor(target / width)];
    const parent = Math.min(y >> 1, coarseHeight - 1) * coarseWidth + Math.min(x >> 1, coarseWidth - 1);
    const from = coarse.nearest[parent] ?? -1;
    const sourceX = 2 * (from % coarseWidth) + (x & 1);
    const sourceY = 2 * Math.floor(from / coarseWidth) + (y & 1);
    const source = sourceY * width + sourceX;
    const isThere = from >= 0 && sourceX < width && fine.sources[source] === 1;
    fine.nearest[target] = isThere ? source : anySource(fine, target, draw);
  };
  yield* byCount(fine.targets.length, (first, end) => {
    for (let n = first; n < end; n++) take(fine.targets[n] ?? 0);
  });
}

/** Measures targets `first` to below `end` of the list anew, after the guess has changed. */
export function measure(matches: Matches, first: number, end: number): void {
  const { targets, nearest, costs } = matches;
  for (let n = first; n < end; n++) {
    const target = targets[n] ?? 0;
    costs[target] = difference(matches, target, nearest[target] ?? 0, Infinity);
  }
}

/**
 * One sweep over targets `first` to below `end`: each tries the sources beside those of its neighbours, then random ones
 * ever nearer to its own.
 * @param forward down the list, taking over from the left and from above; otherwise up, from the right and from below
 * @param reach pixels: how far from its own the first random source is looked for
 * @param apart pixels: a source lies at least so far from its target, across or down
 */
export function sweep(
  matches: Matches,
  first: number,
  end: number,
  { forward, reach, draw, apart = 0 }: { forward: boolean; reach: number; draw: Draw; apart?: number },
): void {
  const { level, targets, nearest, costs, sources, outward } = matches;
  const { width, height } = level;
  const towards = forward ? -1 : 1;
  const mayMatch = (target: number, source: number) =>
    sources[source] === 1 &&
    (!outward || allows(outward, target, source)) &&
    (apart === 0 ||
      Math.abs((target % width) - (source % width)) >= apart ||
      Math.abs(Math.floor(target / width) - Math.floor(source / width)) >= apart);
  for (let n = first; n < end; n++) {
    const target = targets[forward ? n : first + end - 1 - n] ?? 0;
    const x = target % width;
    let best = nearest[target] ?? 0;
    let cost = costs[target] ?? 0;
    if (x + towards >= 0 && x + towards < width) {
      const beside = (nearest[target + towards] ?? -1) - towards;
      if (nearest[target + towards] !== -1 && beside !== best && mayMatch(target, beside)) {
        const found = difference(matches, target, beside, cost);
        if (found < cost) [best, cost] = [beside, found];
      }
    }
    const next = target + towards * width;
    if (next >= 0 && next < width * height) {
      const beside = (nearest[next] ?? -1) - towards * width;
      if (nearest[next] !== -1 && beside !== best && mayMatch(target, beside)) {
        const found = difference(matches, target, beside, cost);
        if (found < cost) [best, cost] = [beside, found];
      }
    }
    for (let radius = reach; radius >= 1; radius >>= 1) {
      const sourceX = (best % width) + draw(2 * radius + 1) - radius;
      const sourceY = Math.floor(best / width) + draw(2 * radius + 1) - radius;
      if (sourceX < 0 || sourceY < 0 || sourceX >= width || sourceY >= height) continue;
      const source = sourceY * width + sourceX;
      if (!mayMatch(target, source)) continue;
      const found = difference(matches, target, source, cost);
      if (found < cost) [best, cost] = [source, found];
    }
    nearest[target] = best;
    costs[target] = cost;
  }
}

/**
 * How unlike two patches are: the mean over pixels, by what they count, of the squared differences of their colours, and
 * the squared difference of roughness at their centres. Pixels of the target beyond the image count for nothing.
 * @param limit more than this is of no interest: Infinity is returned as soon as it is certain
 */
function difference({ level, radius }: Matches, target: number, source: number, limit: number): number {
  const { width, height, colours, kinds, roughness } = level;
  const across = (roughness[2 * target] ?? 0) - (roughness[2 * source] ?? 0);
  const down = (roughness[2 * target + 1] ?? 0) - (roughness[2 * source + 1] ?? 0);
  const rougher = ROUGHNESS_COUNT * (across * across + down * down);
  if (rougher > limit) return Infinity;
  const x = target % width;
  const y = (target - x) / width;
  const left = x < radius ? -x : -radius;
  const right = x + radius >= width ? width - 1 - x : radius;
  const top = y < radius ? -y : -radius;
  const bottom = y + radius >= height ? height - 1 - y : radius;
  const mostCounts = KNOWN * (right - left + 1) * (bottom - top + 1);
  const mostSum = (limit - rougher) * mostCounts;
  let [sum, counts] = [0, 0];
  for (let row = top; row <= bottom; row++) {
    let p = target + row * width + left;
    let p3 = 3 * p;
    let q3 = 3 * (source + row * width + left);
    for (let column = left; column <= right; column++) {
      const red = (colours[p3] ?? 0) - (colours[q3] ?? 0);
      const green = (colours[p3 + 1] ?? 0) - (colours[q3 + 1] ?? 0);
      const blue = (colours[p3 + 2] ?? 0) - (colours[q3 + 2] ?? 0);
      const weight = kinds[p] ?? 0;
      sum += weight * (red * red + green * green + blue * blue);
      counts += weight;
      p++;
      p3 += 3;
      q3 += 3;
    }
    if (sum > mostSum) return Infinity;
  }
  return counts === 0 ? rougher : rougher + sum / counts;
}
