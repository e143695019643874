/** Shifts that are worth a try: those by which the image repeats itself, and those that matching has found for the hole. */
import { type Matches, measure, sweep } from './matches';
import type { Draw } from './random';
import { HOLE } from './scale';
import type { Shift } from './shifts';
import { byCount, PATCHES, type Steps } from './stretches';

/** Matches nearer than this share of the longer side say only that an image is smooth. */
const APART_SHARE = 1 / 15;
const LEAST_APART = 3;
const SWEEPS = 5;
/** Draws of a first source that lies far enough away. */
const TRIES = 20;

/**
 * The commonest shifts between the hole's patches and their matches.
 * @param most at most so many
 */
export function usedShifts({ level: { width, kinds }, targets, nearest }: Matches, most: number): Shift[] {
  const found = new Map<string, Shift & { count: number }>();
  for (const target of targets) {
    if (kinds[target] !== HOLE) continue;
    const shift = shiftOf(width, target, nearest[target] ?? 0);
    const key = `${shift.dx} ${shift.dy}`;
    const entry = found.get(key);
    if (entry) entry.count++;
    else found.set(key, { ...shift, count: 1 });
  }
  return [...found.values()].sort((a, b) => b.count - a.count).slice(0, most);
}

/**
 * The commonest shifts by which known patches find their like (He and Sun, "Statistics of Patch Offsets for Image
 * Completion", 2012): grids, rows and lines go on by them.
 * @param most at most so many
 */
export function* repeatingShifts(matches: Matches, most: number, draw: Draw): Steps<Shift[]> {
  const { width, height } = matches.level;
  const longer = Math.max(width, height);
  const apart = Math.max(LEAST_APART, Math.round(longer * APART_SHARE));
  const among = amongThemselves(matches, apart, draw);
  const count = among.targets.length;
  yield* byCount(count, (first, end) => measure(among, first, end), PATCHES);
  for (let i = 0; i < SWEEPS; i++) {
    const forward = i % 2 === 0;
    const swept = (first: number, end: number) =>
      forward
        ? sweep(among, first, end, { forward, reach: longer, draw, apart })
        : sweep(among, count - end, count - first, { forward, reach: longer, draw, apart });
    yield* byCount(count, swept, PATCHES);
  }
  return peaks(among, most);
}

/** The known patches, each matched with any that lies so far away. */
function amongThemselves(matches: Matches, apart: number, draw: Draw): Matches {
  const { level, sourceList } = matches;
  const nearest = new Int32Array(matches.nearest.length).fill(-1);
  for (const target of sourceList) {
    for (let i = 0; i < TRIES; i++) {
      const source = sourceList[draw(sourceList.length)] ?? 0;
      nearest[target] = source;
      const { dx, dy } = shiftOf(level.width, target, source);
      if (Math.max(Math.abs(dx), Math.abs(dy)) >= apart) break;
    }
  }
  return { ...matches, outward: null, targets: sourceList, nearest, costs: new Float32Array(nearest.length) };
}

function shiftOf(width: number, target: number, source: number): Shift {
  return {
    dx: (source % width) - (target % width),
    dy: Math.floor(source / width) - Math.floor(target / width),
  };
}

/** The highest places of the histogram of all shifts, smoothed by [1 2 1] across and down. */
function peaks({ level: { width, height }, targets, nearest }: Matches, most: number): Shift[] {
  const [across, down] = [2 * width + 1, 2 * height + 1];
  const histogram = new Float32Array(across * down);
  const around = (at: number, visit: (near: number, counts: number) => void) => {
    for (let y = -1; y <= 1; y++)
      for (let x = -1; x <= 1; x++) visit(at + y * across + x, (2 - Math.abs(x)) * (2 - Math.abs(y)));
  };
  for (const target of targets) {
    const { dx, dy } = shiftOf(width, target, nearest[target] ?? 0);
    // No shift is as long as the image, so that nothing beyond the histogram is written.
    around((dy + height) * across + dx + width, (near, counts) => {
      histogram[near] = (histogram[near] ?? 0) + counts;
    });
  }
  const found: { at: number; count: number }[] = [];
  for (let at = 0; at < histogram.length; at++) {
    const count = histogram[at] ?? 0;
    if (count === 0) continue;
    let isPeak = true;
    around(at, (near) => {
      if ((histogram[near] ?? 0) > count) isPeak = false;
    });
    if (isPeak) found.push({ at, count });
  }
  return found
    .sort((a, b) => b.count - a.count)
    .slice(0, most)
    .map(({ at }) => ({ dx: (at % across) - width, dy: Math.floor(at / across) - height }));
}
