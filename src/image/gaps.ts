/** Transparent parts of an image that are masked whole: gaps to be filled, such as a canvas that was extended elsewhere. */
import { MASK_THRESHOLD, type Mask, type Pixels } from './raster';

/**
 * Finds the connected parts that are not opaque and lie wholly under the mask. Those that reach out of it are what
 * surrounds a cut-out, which goes on under the mask as it is.
 * @param hole of the image's size; from 128 up a pixel belongs to it
 * @returns [height × width], 1 in a gap; null if there is none
 */
export function gapsIn({ data, width, height }: Pixels, hole: Mask): Uint8Array | null {
  const isOpen = (i: number) => data[4 * i + 3] !== 255;
  const isMasked = (i: number) => (hole.data[i] ?? 0) >= MASK_THRESHOLD;
  const gaps = new Uint8Array(width * height).map((_, i) => (isOpen(i) && isMasked(i) ? 1 : 0));
  let left = gaps.reduce((sum, one) => sum + one, 0);
  // From outside of the mask inwards, as far as there is transparency.
  const reached: number[] = [];
  const reach = (i: number) => {
    gaps[i] = 0;
    left--;
    reached.push(i);
  };
  for (let i = 0; i < gaps.length && left > 0; i++) {
    if (gaps[i] === 1 && besides(i, width, gaps.length).some((j) => isOpen(j) && !isMasked(j))) reach(i);
    for (let at = reached.pop(); at !== undefined; at = reached.pop()) {
      for (const next of besides(at, width, gaps.length)) if (gaps[next] === 1) reach(next);
    }
  }
  return left > 0 ? gaps : null;
}

/** The pixels left and right of one, above and below it. */
function besides(i: number, width: number, count: number): number[] {
  const x = i % width;
  const all = [i - width, i + width].filter((j) => j >= 0 && j < count);
  if (x > 0) all.push(i - 1);
  if (x + 1 < width) all.push(i + 1);
  return all;
}
