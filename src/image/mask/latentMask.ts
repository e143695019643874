/** What a model sees of a mask. */
import type { Rect, Size } from '../geometry';
import type { Mask } from '../raster';
import { scaleMask } from './mask';

/** Models look at one pixel, the upper left one, in each square of this side: that is how diffusers scales masks. */
const LATENT = 8;
/**
 * How far thin parts grow on each side, in the model's pixels. Once encoded, the pixels beside a wire hold some of it: a
 * model that is told to keep them continues the wire (`bench/thinMask.ts`).
 */
const GROWTH = 5;

/**
 * What is sent to a model of a mask, be it from the page or the command line: black and white, with all that is thin in
 * it to be seen. Only for answers that are pasted back, which takes no more than was painted.
 * @param frame whole pixels, inside the mask
 */
export function maskForModel(mask: Mask, frame: Rect, size: Size): Mask {
  return showThin(scaleMask(mask, frame, size));
}

/**
 * Makes sure that the model sees paint thinner than its grid, and room around it: a wire between the pixels that it looks
 * at would not be repainted at all. Thin means: in squares of the grid that no whole square of paint, at any place,
 * reaches into. Paste-back still takes no more than was painted.
 * @param mask as it is sent: black and white only
 * @returns a new mask, or `mask` itself if nothing is thin
 */
export function showThin(mask: Mask): Mask {
  const { width, height, data } = mask;
  const painted = sums(width, height, (x, y) => data[y * width + x] !== 0);
  // 1 at the upper left corner of each whole square of paint.
  const squares = sums(
    width,
    height,
    (x, y) =>
      x + LATENT <= width &&
      y + LATENT <= height &&
      painted(x, y, x + LATENT, y + LATENT) === LATENT * LATENT,
  );
  const columns = Math.ceil(width / LATENT);
  const thinSquares = new Set<number>();
  let shown: Uint8Array<ArrayBuffer> | null = null;
  for (let y = 0; y < height; y += LATENT) {
    for (let x = 0; x < width; x += LATENT) {
      const right = Math.min(width, x + LATENT);
      const bottom = Math.min(height, y + LATENT);
      if (painted(x, y, right, bottom) === 0) continue;
      // Squares that reach in from any side.
      if (squares(Math.max(0, x - LATENT + 1), Math.max(0, y - LATENT + 1), right, bottom) > 0) continue;
      thinSquares.add((y / LATENT) * columns + x / LATENT);
      // At the image's edge growth alone might not reach the pixel that the model looks at.
      shown ??= data.slice();
      shown[y * width + x] = 255;
    }
  }
  if (!shown) return mask;
  const squareOf = (x: number, y: number) => Math.floor(y / LATENT) * columns + Math.floor(x / LATENT);
  const thin = sums(width, height, (x, y) => data[y * width + x] !== 0 && thinSquares.has(squareOf(x, y)));
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [Math.max(0, y - GROWTH), Math.min(height, y + GROWTH + 1)];
    for (let x = 0; x < width; x++) {
      if (thin(Math.max(0, x - GROWTH), top, Math.min(width, x + GROWTH + 1), bottom) > 0)
        shown[y * width + x] = 255;
    }
  }
  return { width, height, data: shown };
}

/** @returns how many of the pixels left ≤ x < right, top ≤ y < bottom are so */
function sums(width: number, height: number, is: (x: number, y: number) => boolean) {
  const stride = width + 1;
  const table = new Uint32Array(stride * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      if (is(x, y)) row += 1;
      table[(y + 1) * stride + x + 1] = (table[y * stride + x + 1] ?? 0) + row;
    }
  }
  const at = (x: number, y: number) => table[y * stride + x] ?? 0;
  return (left: number, top: number, right: number, bottom: number) =>
    at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top);
}
