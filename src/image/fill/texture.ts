/**
 * How rough the image is around each pixel, across and down: where the hole's guess is still smooth, colours alone would
 * match it with smooth patches, and its texture would be lost (Newson et al., "Non-Local Patch-Based Image Inpainting", 2017).
 */
import type { Size } from '../geometry';
import { KNOWN, type Level } from './scale';
import { byCount, byRows, type Steps } from './stretches';

/** The widest window for means, in pixels of a scale: twice this and one. */
const MOST_REACH = 8;

/**
 * Absolute differences of grey, left and right of a pixel, above and below it, from known pixels alone.
 * @returns [height × width × 2]
 */
export function* roughnessOf(level: Omit<Level, 'roughness'>): Steps<Float32Array> {
  const { width } = level;
  const roughness = new Float32Array(width * level.height * 2);
  yield* byRows(level, (first, end) => {
    for (let y = first; y < end; y++) for (let x = 0; x < width; x++) setRoughness(roughness, level, x, y);
  });
  return roughness;
}

function setRoughness(roughness: Float32Array, level: Omit<Level, 'roughness'>, x: number, y: number): void {
  const { width, height, colours, kinds } = level;
  const i = y * width + x;
  if (kinds[i] !== KNOWN) return;
  const here = greyAt(colours, i);
  let [across, down, besides, aboveBelow] = [0, 0, 0, 0];
  if (x > 0 && kinds[i - 1] === KNOWN) [across, besides] = [Math.abs(here - greyAt(colours, i - 1)), 1];
  if (x + 1 < width && kinds[i + 1] === KNOWN)
    [across, besides] = [across + Math.abs(here - greyAt(colours, i + 1)), besides + 1];
  if (y > 0 && kinds[i - width] === KNOWN)
    [down, aboveBelow] = [Math.abs(here - greyAt(colours, i - width)), 1];
  if (y + 1 < height && kinds[i + width] === KNOWN) {
    [down, aboveBelow] = [down + Math.abs(here - greyAt(colours, i + width)), aboveBelow + 1];
  }
  if (besides > 0) roughness[2 * i] = across / besides;
  if (aboveBelow > 0) roughness[2 * i + 1] = down / aboveBelow;
}

function greyAt(colours: Uint8Array, i: number): number {
  return ((colours[3 * i] ?? 0) + (colours[3 * i + 1] ?? 0) + (colours[3 * i + 2] ?? 0)) / 3;
}

/** Means over a window that is as large, in the image, as one pixel of the coarsest scale; in place. */
export function* smoothRoughness(levels: readonly Level[]): Steps {
  for (const [i, level] of levels.entries()) {
    const coarser = levels.length - 1 - i;
    if (coarser > 0) yield* windowMeans(level, Math.min(MOST_REACH, 2 ** (coarser - 1)));
  }
}

/** Means over the known pixels at most `reach` away in x and y. */
function* windowMeans(level: Level, reach: number): Steps {
  const { width, height, kinds, roughness } = level;
  const sums = new Float32Array(width * height * 3); // across, down, count
  yield* byCount(kinds.length, (first, end) => {
    for (let i = first; i < end; i++) {
      if (kinds[i] !== KNOWN) continue;
      sums[3 * i] = roughness[2 * i] ?? 0;
      sums[3 * i + 1] = roughness[2 * i + 1] ?? 0;
      sums[3 * i + 2] = 1;
    }
  });
  yield* windowSums(sums, { width, height }, reach);
  yield* byCount(kinds.length, (first, end) => {
    for (let i = first; i < end; i++) {
      const count = sums[3 * i + 2] ?? 0;
      if (count < 0.5) continue;
      roughness[2 * i] = (sums[3 * i] ?? 0) / count;
      roughness[2 * i + 1] = (sums[3 * i + 1] ?? 0) / count;
    }
  });
}

/** Sums over a square window, first along rows, then down columns, in place. @param values [height × width × 3] */
function* windowSums(values: Float32Array, { width, height }: Size, reach: number): Steps {
  const stride = 3 * width;
  const rows = new Float32Array(values.length);
  yield* byRows({ width, height }, (first, end) => {
    for (let start = first * stride; start < end * stride; start += stride) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let x = -reach; x < width; x++) {
          if (x + reach < width) sum += values[start + 3 * (x + reach) + c] ?? 0;
          if (x > reach) sum -= values[start + 3 * (x - reach - 1) + c] ?? 0;
          if (x >= 0) rows[start + 3 * x + c] = sum;
        }
      }
    }
  });
  // All columns at once: memory is read in its order.
  const sums = new Float32Array(stride);
  yield* byRows({ width, height: height + reach }, (first, end) => {
    for (let y = first - reach; y < end - reach; y++) {
      const [entering, leaving] = [(y + reach) * stride, (y - reach - 1) * stride];
      if (y + reach < height)
        for (let i = 0; i < stride; i++) sums[i] = (sums[i] ?? 0) + (rows[entering + i] ?? 0);
      if (y > reach) for (let i = 0; i < stride; i++) sums[i] = (sums[i] ?? 0) - (rows[leaving + i] ?? 0);
      if (y >= 0) values.set(sums, y * stride);
    }
  });
}
