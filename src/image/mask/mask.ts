/** Whole-mask operations. */
import { type Point, type Rect, rectOfSize, type Size } from '../geometry';
import { createMask, createPixels, MASK_THRESHOLD, type Mask, type Pixels } from '../raster';

/**
 * The smallest rectangle around all that is painted; width and height are 0 if nothing is.
 * @param area the part to look at: whole pixels, inside the mask
 */
export function maskBounds(mask: Mask, area: Rect = rectOfSize(mask)): Rect {
  let left = area.x + area.width;
  let right = -1;
  let top = area.y + area.height;
  let bottom = -1;
  for (let y = area.y; y < area.y + area.height; y++) {
    const start = y * mask.width;
    const end = start + area.x + area.width;
    let first = start + area.x;
    while (first < end && mask.data[first] === 0) first += 1;
    if (first === end) continue;
    let final = end - 1;
    while (mask.data[final] === 0) final -= 1;
    if (bottom < 0) top = y;
    bottom = y;
    left = Math.min(left, first - start);
    right = Math.max(right, final - start);
  }
  if (bottom < 0) return { x: 0, y: 0, width: 0, height: 0 };
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** White becomes black and greys their complement, in place. */
export function invertMask(mask: Mask): void {
  const { data } = mask;
  // Four pixels at once; the rest of an odd size one by one.
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length >> 2);
  for (let i = 0; i < words.length; i++) words[i] = ~(words[i] ?? 0);
  for (let i = words.length * 4; i < data.length; i++) data[i] = 255 - (data[i] ?? 0);
}

/** How a new selection joins what is painted. */
export type Mode = 'add' | 'subtract' | 'replace';

/**
 * Combines `patch`, whose upper left corner is at `place`, with the part of a mask beneath it: the
 * larger value, what is left of the mask, or the patch itself.
 * @returns a mask of the patch's size
 */
export function combineMasks(mask: Mask, patch: Mask, place: Point, mode: Mode): Mask {
  const data = new Uint8Array(patch.data.length);
  for (let y = 0; y < patch.height; y++) {
    const below = (place.y + y) * mask.width + place.x;
    for (let x = 0, i = y * patch.width; x < patch.width; x++, i++) {
      const before = mask.data[below + x] ?? 0;
      const value = patch.data[i] ?? 0;
      if (mode === 'add') data[i] = before > value ? before : value;
      else if (mode === 'subtract') data[i] = before < 255 - value ? before : 255 - value;
      else data[i] = value;
    }
  }
  return { width: patch.width, height: patch.height, data };
}

/**
 * The mask as the model sees it: `frame` scaled to `size`, black and white only. A pixel is white if it
 * covers anything painted, soft edges included, so that no fine stroke is lost in scaling down.
 * @param frame whole pixels, inside the mask
 */
export function scaleMask(mask: Mask, frame: Rect, size: Size): Mask {
  const data = new Uint8Array(size.width * size.height);
  const columns = spans(frame.x, frame.width, size.width);
  const rows = spans(frame.y, frame.height, size.height);
  for (let y = 0; y < size.height; y++) {
    const [top, bottom] = rows[y] ?? [0, 0];
    for (let x = 0; x < size.width; x++) {
      const [left, right] = columns[x] ?? [0, 0];
      if (anyPainted(mask, left, right, top, bottom)) data[y * size.width + x] = 255;
    }
  }
  return { width: size.width, height: size.height, data };
}

/** For each of `count` target pixels, the source pixels [from, to) whose centres it covers, at least one. */
function spans(start: number, length: number, count: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => {
    const from = Math.round((i * length) / count);
    const to = Math.round(((i + 1) * length) / count);
    if (to > from) return [start + from, start + to];
    const nearest = Math.min(length - 1, Math.floor(((i + 0.5) * length) / count));
    return [start + nearest, start + nearest + 1];
  });
}

function anyPainted(mask: Mask, left: number, right: number, top: number, bottom: number): boolean {
  for (let y = top; y < bottom; y++) {
    for (let i = y * mask.width + left; i < y * mask.width + right; i++) {
      if (mask.data[i] !== 0) return true;
    }
  }
  return false;
}

/** White on black, as masks leave the editor. */
export function maskToPixels(mask: Mask): Pixels {
  const pixels = createPixels(mask);
  new Uint32Array(pixels.data.buffer).forEach((_, i, words) => {
    // Bytes R, G, B, A in memory; every device that runs a browser is little-endian.
    words[i] = 0xff000000 | ((mask.data[i] ?? 0) * 0x010101);
  });
  return pixels;
}

/** Reads a mask that Inlay wrote, in black and white only: one channel, if it is opaque. */
export function maskFromPixels({ width, height, data }: Pixels): Mask {
  const mask = createMask({ width, height });
  for (let i = 0; i < mask.data.length; i++) {
    mask.data[i] = (data[i * 4] ?? 0) >= MASK_THRESHOLD && (data[i * 4 + 3] ?? 0) >= MASK_THRESHOLD ? 255 : 0;
  }
  return mask;
}

/** White where the image is transparent. */
export function maskFromTransparency(pixels: Pixels): Mask {
  const mask = createMask(pixels);
  for (let i = 0; i < mask.data.length; i++) mask.data[i] = 255 - (pixels.data[i * 4 + 3] ?? 255);
  return mask;
}
