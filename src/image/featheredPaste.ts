/**
 * Paste-back: the model's result goes into the image through a mask whose feather runs inward from the
 * mask's edge, so that no pixel outside the mask changes.
 */
import { matchCell, matchColours } from './colourMatch';
import type { CropPlan } from './crop';
import { insideDistance } from './distance';
import { cropMask } from './edges';
import { growRect, intersectRect, isEmptyRect, type Rect, rectOfSize } from './geometry';
import { maskBounds } from './mask/mask';
import { type Mask, overWhite, type Pixels } from './raster';

/**
 * How much of the answer each pixel takes: 0 outside the mask, rising inward from its edge to 255 within
 * `feather` pixels. Where the mask is thin the ramp shortens to half the distance between its edge and its middle, so that
 * the middle of a fine stroke is fully repainted. A soft edge of the mask itself counts on top. The image's own edge is not
 * an edge of the mask, but the area's is: where the mask continues beyond it, nothing is repainted.
 * @param area whole pixels, inside the mask
 * @param feather in image pixels, ≥ 0; 0 gives a hard edge
 * @returns [area.height × area.width]
 */
export function featherWeights(mask: Mask, area: Rect, feather: number): Uint8Array<ArrayBuffer> {
  const weights = new Uint8Array(area.width * area.height);
  const painted = intersectRect(maskBounds(mask), area);
  if (isEmptyRect(painted)) return weights;
  // One pixel more on each side: the black ring that distances are measured from.
  const region = intersectRect(growRect(painted, 1), rectOfSize(mask));
  const part = onlyWithin(mask, area, region);
  const reach = Math.max(0, Math.round(feather));
  // Block by block, each with as much around it as decides about it: distances of a whole image take eight times its
  // pixels in memory.
  for (let y = painted.y; y < painted.y + painted.height; y += BLOCK) {
    for (let x = painted.x; x < painted.x + painted.width; x += BLOCK) {
      const block = intersectRect({ x, y, width: BLOCK, height: BLOCK }, painted);
      const target = { data: weights, width: area.width, x: x - area.x, y: y - area.y };
      weighBlock(part, { ...block, x: x - region.x, y: y - region.y }, reach, target);
    }
  }
  return weights;
}

/** Large enough that the margins around blocks are not most of the work. */
const BLOCK = 1024;

interface Target {
  data: Uint8Array;
  width: number;
  x: number;
  y: number;
}

/** @param block whole pixels, inside `part` */
function weighBlock(part: Mask, block: Rect, reach: number, target: Target): void {
  // Depths count up to twice the reach, and those of pixels up to twice the reach away.
  const window = intersectRect(growRect(block, 4 * reach + 2), rectOfSize(part));
  const around = cropMask(part, window);
  const deep = !around.data.includes(0);
  const depths = deep ? null : insideDistance(around, rectOfSize(window));
  const ridges = depths && windowMaximum(depths, window.width, window.height, 2 * reach);
  for (let y = 0; y < block.height; y++) {
    const from = (block.y - window.y + y) * window.width + (block.x - window.x);
    const to = (target.y + y) * target.width + target.x;
    for (let x = 0; x < block.width; x++) {
      const value = around.data[from + x] ?? 0;
      if (value === 0) continue;
      const depth = depths ? (depths[from + x] ?? 0) : FAR_INSIDE;
      const ramp = Math.min(reach, Math.max(0, (ridges ? (ridges[from + x] ?? 0) : FAR_INSIDE) - 1) / 2);
      target.data[to + x] = Math.round(value * Math.min(1, depth / (ramp + 1)));
    }
  }
}

/** Pixels: deeper than any feather reaches. */
const FAR_INSIDE = 1e6;

/** The part of the mask in `region`, black outside of `area`. */
function onlyWithin(mask: Mask, area: Rect, region: Rect): Mask {
  const part = cropMask(mask, region);
  const inner = intersectRect(area, region);
  const left = inner.x - region.x;
  for (let y = 0; y < region.height; y++) {
    const row = y * region.width;
    const within = region.y + y >= inner.y && region.y + y < inner.y + inner.height;
    part.data.fill(0, row, within ? row + left : row + region.width);
    if (within) part.data.fill(0, row + left + inner.width, row + region.width);
  }
  return part;
}

/**
 * Mixes two images of one size. Weight 0 gives the base's bytes, its hidden colour too, 255 the patch's. Colours count by
 * their alpha, as in compositing (Porter and Duff, 1984): transparent pixels do not affect the mixed colour.
 * @param weights [height × width], 0 … 255
 */
export function blend(base: Pixels, patch: Pixels, weights: Uint8Array): Pixels {
  if (base.width !== patch.width || base.height !== patch.height) {
    throw new RangeError(
      `the patch is ${patch.width} × ${patch.height}, its place ${base.width} × ${base.height}`,
    );
  }
  const data = new Uint8ClampedArray(base.data);
  for (let pixel = 0; pixel < weights.length; pixel++) {
    const weight = weights[pixel] ?? 0;
    if (weight === 0) continue;
    const at = pixel * 4;
    const [alphaBelow = 0, alphaAbove = 0] = [base.data[at + 3], patch.data[at + 3]];
    if (alphaBelow === 0 && alphaAbove === 0) continue;
    // By alpha: pixels that are equally opaque, as in nearly all images, count by the weight only.
    const [below, above] =
      alphaBelow === alphaAbove ? [255 - weight, weight] : [(255 - weight) * alphaBelow, weight * alphaAbove];
    const whole = below + above;
    for (let i = at; i < at + 3; i++) {
      const colour = base.data[i] ?? 0;
      data[i] = Math.round(colour + (((patch.data[i] ?? 0) - colour) * above) / whole);
    }
    data[at + 3] = Math.round(alphaBelow + ((alphaAbove - alphaBelow) * weight) / 255);
  }
  return { width: base.width, height: base.height, data };
}

/**
 * The frame's new content: the result, its colours matched at the mask's border if asked for, over the crop.
 * @param crop of the frame's size, as `patch`: the answer, already scaled
 * @param weights of `featherWeights`
 */
export function mixCrop(request: {
  crop: Pixels;
  patch: Pixels;
  plan: CropPlan;
  weights: Uint8Array;
  matches: boolean;
}): Pixels {
  const { crop, patch, plan, weights, matches } = request;
  // What the model was shown is what its answer's colours are measured against.
  const shown = matches ? overWhite(crop) : crop;
  return blend(crop, matches ? matchColours(shown, patch, weights, matchCell(plan)) : patch, weights);
}

/**
 * A feather that hides the seam: four of the model's pixels, measured in the image; none where something is removed.
 * @returns image pixels
 */
export function defaultFeather(
  plan: { frame: { width: number }; size: { width: number } } & Pick<CropPlan, 'removes'>,
): number {
  if (plan.removes) return 0;
  return Math.round(Math.min(64, Math.max(4, (4 * plan.frame.width) / plan.size.width)));
}

/** The largest value within `radius` in x and y (a square window), by van Herk's two running maxima. */
function windowMaximum(values: Float32Array, width: number, height: number, radius: number): Float32Array {
  if (radius === 0) return values;
  const result = Float32Array.from(values);
  const length = Math.max(width, height);
  const block = 2 * radius + 1;
  const padded = new Float32Array(length + 2 * radius);
  const forward = new Float32Array(padded.length);
  const backward = new Float32Array(padded.length);
  const line = (start: number, stride: number, count: number) => {
    const total = count + 2 * radius;
    padded.fill(0, 0, total);
    for (let i = 0; i < count; i++) padded[radius + i] = result[start + i * stride] ?? 0;
    for (let i = 0; i < total; i++) {
      const before = i % block === 0 ? 0 : (forward[i - 1] ?? 0);
      forward[i] = Math.max(before, padded[i] ?? 0);
    }
    for (let i = total - 1; i >= 0; i--) {
      const after = i === total - 1 || (i + 1) % block === 0 ? 0 : (backward[i + 1] ?? 0);
      backward[i] = Math.max(after, padded[i] ?? 0);
    }
    for (let i = 0; i < count; i++) {
      result[start + i * stride] = Math.max(backward[i] ?? 0, forward[i + 2 * radius] ?? 0);
    }
  };
  for (let y = 0; y < height; y++) line(y * width, 1, width);
  for (let x = 0; x < width; x++) line(x, width, height);
  return result;
}
