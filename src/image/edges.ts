/**
 * Moving and softening a mask's edge. All work block by block and skip blocks that have no edge within reach, so that the
 * cost follows the mask's outline, not the image.
 */
import { growRect, intersectRect, type Rect, rectOfSize } from './geometry';
import type { Mask } from './raster';

/** In pixels: the most that is offered, since the work grows with it. */
export const MAX_EDGE_RADIUS = 128;
const BLOCK = 128;

/**
 * The maximum over the disc of `radius` around each pixel (centres at most `radius` apart): soft edges move
 * outward and stay soft. Outside the mask counts as black.
 * @param radius whole pixels
 * @returns a new mask of the same size
 */
export function growMask(mask: Mask, radius: number): Mask {
  return mapBlocks(mask, radius, (window, inner, out) => dilate(window, inner, radius, out));
}

/** The minimum over the disc: growing what is black. Outside the mask counts as white. */
export function shrinkMask(mask: Mask, radius: number): Mask {
  const flip = (m: Mask): Mask => ({ ...m, data: m.data.map((value) => 255 - value) });
  return flip(growMask(flip(mask), radius));
}

/**
 * Blurs by three box filters, close to a Gaussian: a hard edge becomes a ramp that ends `radius` pixels to
 * either side of it. Beyond the mask its border continues.
 * @param radius whole pixels
 * @returns a new mask of the same size
 */
export function featherMask(mask: Mask, radius: number): Mask {
  return mapBlocks(mask, radius, (window, inner, out) => blur(window, inner, radius, out));
}

/** @param inner the block, in the window's pixels @param out [inner.height × inner.width] */
type BlockKernel = (window: Mask, inner: Rect, out: Uint8Array) => void;

function mapBlocks(mask: Mask, reach: number, kernel: BlockKernel): Mask {
  const data = mask.data.slice();
  if (reach < 1) return { ...mask, data };
  for (let y = 0; y < mask.height; y += BLOCK) {
    for (let x = 0; x < mask.width; x += BLOCK) {
      const block = intersectRect({ x, y, width: BLOCK, height: BLOCK }, rectOfSize(mask));
      const area = intersectRect(growRect(block, reach), rectOfSize(mask));
      if (isUniform(mask, area)) continue;
      const out = new Uint8Array(block.width * block.height);
      const inner = { ...block, x: block.x - area.x, y: block.y - area.y };
      kernel(cropMask(mask, area), inner, out);
      for (let row = 0; row < block.height; row++) {
        data.set(out.subarray(row * block.width, (row + 1) * block.width), (y + row) * mask.width + x);
      }
    }
  }
  return { ...mask, data };
}

function isUniform(mask: Mask, area: Rect): boolean {
  const first = mask.data[area.y * mask.width + area.x];
  for (let y = area.y; y < area.y + area.height; y++) {
    const start = y * mask.width + area.x;
    for (let i = start; i < start + area.width; i++) if (mask.data[i] !== first) return false;
  }
  return true;
}

/** @param rect whole pixels, inside the mask */
export function cropMask(mask: Mask, rect: Rect): Mask {
  const data = new Uint8Array(rect.width * rect.height);
  for (let row = 0; row < rect.height; row++) {
    const start = (rect.y + row) * mask.width + rect.x;
    data.set(mask.data.subarray(start, start + rect.width), row * rect.width);
  }
  return { width: rect.width, height: rect.height, data };
}

/**
 * A disc is a stack of chords. Each row's maximum over chords of half-length 0, 1, … comes from the one before
 * by two comparisons, and goes into the rows above and below where the disc has that chord.
 */
function dilate(window: Mask, inner: Rect, radius: number, out: Uint8Array): void {
  const { width } = inner;
  const chords = Array.from({ length: radius + 1 }, (_, j) => Math.floor(Math.sqrt(radius * radius - j * j)));
  // One row of the window, with `radius` pixels of black on either side of the block.
  const line = new Uint8Array(width + 2 * radius);
  const highest = new Uint8Array(width);
  for (let sourceY = 0; sourceY < window.height; sourceY++) {
    line.fill(0);
    const from = Math.max(0, inner.x - radius);
    const to = Math.min(window.width, inner.x + width + radius);
    const row = sourceY * window.width;
    line.set(window.data.subarray(row + from, row + to), from - (inner.x - radius));
    if (line.every((value) => value === 0)) continue;
    highest.set(line.subarray(radius, radius + width));
    let half = 0;
    // The longest chord is in the row itself, the shortest `radius` rows away.
    for (let away = radius; away >= 0; away--) {
      for (const length = chords[away] ?? 0; half < length; ) {
        half += 1;
        widen(highest, line, radius, half);
      }
      raise(out, inner, sourceY - inner.y - away, highest);
      if (away > 0) raise(out, inner, sourceY - inner.y + away, highest);
    }
  }
}

/** Takes the pixels `half` to the left and right into each running maximum. */
function widen(highest: Uint8Array, line: Uint8Array, radius: number, half: number): void {
  for (let x = 0; x < highest.length; x++) {
    const left = line[x + radius - half] ?? 0;
    const right = line[x + radius + half] ?? 0;
    const both = left > right ? left : right;
    if (both > (highest[x] ?? 0)) highest[x] = both;
  }
}

function raise(out: Uint8Array, { width, height }: Rect, y: number, highest: Uint8Array): void {
  if (y < 0 || y >= height) return;
  const start = y * width;
  for (let x = 0; x < width; x++) {
    const value = highest[x] ?? 0;
    if (value > (out[start + x] ?? 0)) out[start + x] = value;
  }
}

function blur(window: Mask, inner: Rect, radius: number, out: Uint8Array): void {
  const field = Float64Array.from(window.data);
  const { width, height } = window;
  const scratch = new Float64Array(Math.max(width, height));
  for (const part of [radius + 2, radius + 1, radius]) {
    const reach = Math.floor(part / 3);
    if (reach === 0) continue;
    for (let y = 0; y < height; y++) boxLine(field, y * width, 1, width, reach, scratch);
    for (let x = 0; x < width; x++) boxLine(field, x, width, height, reach, scratch);
  }
  for (let y = 0; y < inner.height; y++) {
    for (let x = 0; x < inner.width; x++) {
      out[y * inner.width + x] = Math.round(field[(inner.y + y) * width + inner.x + x] ?? 0);
    }
  }
}

/** The mean over `reach` values to either side, along one line, by a running sum; the ends repeat. */
function boxLine(
  field: Float64Array,
  start: number,
  stride: number,
  length: number,
  reach: number,
  scratch: Float64Array,
): void {
  for (let i = 0; i < length; i++) scratch[i] = field[start + i * stride] ?? 0;
  const at = (i: number) => scratch[i < 0 ? 0 : i >= length ? length - 1 : i] ?? 0;
  let sum = 0;
  for (let i = -reach; i <= reach; i++) sum += at(i);
  for (let i = 0; i < length; i++) {
    field[start + i * stride] = sum / (2 * reach + 1);
    sum += at(i + reach + 1) - at(i - reach);
  }
}
