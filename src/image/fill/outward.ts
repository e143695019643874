/**
 * Holes that lie outside of all that is known, as around an image whose canvas was extended. Nothing on their far side
 * says what belongs there, so two things are added to the completion: it begins with the colours of the nearest border, and
 * looks for patches only where the image goes on in that direction. To the left and to the right a row goes on with what
 * is in that row, so that a horizon stays at its height; above and below, what is near the border goes on.
 */
import type { Rect } from '../geometry';
import type { Draw } from './random';
import { HOLE, KNOWN, type Level } from './scale';
import { byRows, type Steps } from './stretches';

/** Where sources are looked for, by the target's place outside of the core. Pixels of a level. */
export interface Outward {
  /** The smallest rectangle around all that is known. */
  core: Rect;
  /** The level's. */
  width: number;
  /** Beside the core: so many rows up and down. Above and below it: so many from its border. */
  rowsBeside: number;
  rowsFromBorder: number;
  /** Above and below the core: so many columns to both sides. Beside it: so many from its border. */
  columnsBeside: number;
  columnsFromBorder: number;
}

/** As shares of the core's height or width. Few rows: a slope may rise or fall a little. */
const ROWS_BESIDE = 0.05;
const ROWS_FROM_BORDER = 0.2;
const COLUMNS_BESIDE = 0.25;
const COLUMNS_FROM_BORDER = 0.35;
/** Pixels of a level: so far is looked in any case, or its few patches would show as a pattern. */
const LEAST_REACH = 8;
const LEAST_ROWS = 2;

/** A smaller core has nothing to keep in its place: what is around it is completed as any hole. */
const LEAST_CORE = 64;

/** How much coarser a level may be than this one, as a factor, for the core to keep its form. @returns 0: nothing is outward */
export function* outwardScale(finest: Pick<Level, 'width' | 'height' | 'kinds'>): Steps<number> {
  const core = (yield* outwardOf(finest))?.core;
  return core === undefined ? 0 : Math.floor(Math.min(core.width, core.height) / LEAST_CORE);
}

/** @returns null if no part of the hole lies outside of the smallest rectangle around all that is known */
export function* outwardOf(level: Pick<Level, 'width' | 'height' | 'kinds'>): Steps<Outward | null> {
  const core = yield* coreOf(level);
  if (core === null || !(yield* reachesBeyond(level, core))) return null;
  const { width } = level;
  const longest = Math.max(core.x, width - core.x - core.width);
  return {
    core,
    width,
    rowsBeside: Math.max(LEAST_ROWS, ROWS_BESIDE * core.height),
    rowsFromBorder: Math.max(LEAST_REACH, ROWS_FROM_BORDER * core.height),
    columnsBeside: Math.max(LEAST_REACH, COLUMNS_BESIDE * core.width),
    columnsFromBorder: Math.max(LEAST_REACH, COLUMNS_FROM_BORDER * core.width, longest / 2),
  };
}

/** Whether a target may be matched with a source. */
export function allows(outward: Outward, target: number, source: number): boolean {
  const { core, width } = outward;
  const x = target % width;
  const y = (target - x) / width;
  const nearX = Math.min(core.x + core.width - 1, Math.max(core.x, x));
  const nearY = Math.min(core.y + core.height - 1, Math.max(core.y, y));
  if (nearX === x && nearY === y) return true;
  const sourceX = source % width;
  const sourceY = (source - sourceX) / width;
  return (
    Math.abs(sourceY - nearY) <= (nearY === y ? outward.rowsBeside : outward.rowsFromBorder) &&
    Math.abs(sourceX - nearX) <= (nearX === x ? outward.columnsBeside : outward.columnsFromBorder)
  );
}

/** Grey levels, up and down: on plain colours many targets would find the same patch, which shows as a pattern. */
const GRAIN = 20;
/** A pixel's guess is the mean of a stretch of the border: it reaches this share of the distance to both sides. */
const SPREAD = 0.25;

/** The first guess outside of the core: the colours and the roughness of its border, smoother with distance. */
export function* guessOutward(level: Level, { core }: Outward, draw: Draw): Steps {
  const { width, colours, roughness, kinds } = level;
  const [right, bottom] = [core.x + core.width - 1, core.y + core.height - 1];
  yield* byRows(level, (first, end) => {
    for (let y = first; y < end; y++) {
      for (let x = 0; x < width; x++) {
        const pixel = y * width + x;
        if (kinds[pixel] !== HOLE || isInside(core, x, y)) continue;
        const nearX = Math.min(right, Math.max(core.x, x));
        const nearY = Math.min(bottom, Math.max(core.y, y));
        // Corners go on with what is above or below: a sky is not to end where the image beside it did.
        const alongRow = nearY !== y;
        const reach = Math.ceil(SPREAD * Math.hypot(x - nearX, y - nearY));
        const [from, to] = alongRow
          ? [nearY * width + Math.max(core.x, nearX - reach), nearY * width + Math.min(right, nearX + reach)]
          : [
              Math.max(core.y, nearY - reach) * width + nearX,
              Math.min(bottom, nearY + reach) * width + nearX,
            ];
        const grain = draw(2 * GRAIN + 1) - GRAIN;
        const stretch = { from, to, step: alongRow ? 1 : width };
        carryMean(colours, kinds, stretch, { pixel, channels: 3, more: grain, most: 255 });
        carryMean(roughness, kinds, stretch, { pixel, channels: 2, more: 0, most: Infinity });
      }
    }
  });
}

/** Where nothing of the stretch is known, the pixel's guess stays as it is. */
function carryMean(
  values: Uint8Array | Float32Array,
  kinds: Uint8Array,
  { from, to, step }: { from: number; to: number; step: number },
  { pixel, channels, more, most }: { pixel: number; channels: number; more: number; most: number },
): void {
  const sums = [0, 0, 0];
  let count = 0;
  for (let i = from; i <= to; i += step) {
    if (kinds[i] !== KNOWN) continue;
    count++;
    for (let c = 0; c < channels; c++) sums[c] = (sums[c] ?? 0) + (values[channels * i + c] ?? 0);
  }
  if (count === 0) return;
  for (let c = 0; c < channels; c++) {
    values[channels * pixel + c] = Math.min(most, Math.max(0, (sums[c] ?? 0) / count + more));
  }
}

/** The smallest rectangle around all that is known; null if nothing is. */
function* coreOf(level: Pick<Level, 'width' | 'height' | 'kinds'>): Steps<Rect | null> {
  const { width, height, kinds } = level;
  let [left, top, right, bottom] = [width, height, -1, -1];
  yield* byRows(level, (first, end) => {
    for (let y = first; y < end; y++) {
      for (let x = 0; x < width; x++) {
        if (kinds[y * width + x] !== KNOWN) continue;
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = y;
      }
    }
  });
  return right < 0 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

function* reachesBeyond(level: Pick<Level, 'width' | 'height' | 'kinds'>, core: Rect): Steps<boolean> {
  const { width, kinds } = level;
  let isBeyond = false;
  yield* byRows(level, (first, end) => {
    for (let y = first; y < end && !isBeyond; y++) {
      for (let x = 0; x < width; x++) {
        if (kinds[y * width + x] === HOLE && !isInside(core, x, y)) isBeyond = true;
      }
    }
  });
  return isBeyond;
}

function isInside(core: Rect, x: number, y: number): boolean {
  return x >= core.x && y >= core.y && x < core.x + core.width && y < core.y + core.height;
}
