/** Whole-mask operations. */
import type { Rect, Size } from './geometry';
import { createPixels, MASK_THRESHOLD, type Mask, type Pixels } from './raster';

/** The smallest rectangle around all white pixels; width and height are 0 if there are none. */
export function maskBounds(mask: Mask): Rect {
  let left = mask.width;
  let right = -1;
  let top = mask.height;
  let bottom = -1;
  for (let y = 0; y < mask.height; y++) {
    const start = y * mask.width;
    const end = start + mask.width;
    let first = start;
    while (first < end && (mask.data[first] ?? 0) < MASK_THRESHOLD) first += 1;
    if (first === end) continue;
    let final = end - 1;
    while ((mask.data[final] ?? 0) < MASK_THRESHOLD) final -= 1;
    if (top > y) top = y;
    bottom = y;
    left = Math.min(left, first - start);
    right = Math.max(right, final - start);
  }
  if (bottom < 0) return { x: 0, y: 0, width: 0, height: 0 };
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

export function clearMask(mask: Mask): void {
  mask.data.fill(0);
}

export function invertMask(mask: Mask): void {
  const { data } = mask;
  for (let i = 0; i < data.length; i++) data[i] = 255 - (data[i] ?? 0);
}

/**
 * The mask as the model sees it: `frame` scaled to `size`, black and white only. A pixel is white if it
 * covers any white pixel, so that no fine stroke is lost in scaling down.
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
      if (anyWhite(mask, left, right, top, bottom)) data[y * size.width + x] = 255;
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

function anyWhite(mask: Mask, left: number, right: number, top: number, bottom: number): boolean {
  for (let y = top; y < bottom; y++) {
    for (let i = y * mask.width + left; i < y * mask.width + right; i++) {
      if ((mask.data[i] ?? 0) >= MASK_THRESHOLD) return true;
    }
  }
  return false;
}

/** White on black, as masks leave the editor. */
export function maskToPixels(mask: Mask): Pixels {
  const pixels = createPixels(mask);
  new Uint32Array(pixels.data.buffer).forEach((_, i, words) => {
    // Bytes R, G, B, A in memory; every machine that runs a browser is little-endian.
    words[i] = 0xff000000 | ((mask.data[i] ?? 0) * 0x010101);
  });
  return pixels;
}

/** Reads a mask from a picture of it: the mean of red, green and blue, over black where transparent. */
export function maskFromPixels(pixels: Pixels): Mask {
  const data = new Uint8Array(pixels.width * pixels.height);
  const bytes = pixels.data;
  for (let i = 0, at = 0; i < data.length; i++, at += 4) {
    const sum = (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) + (bytes[at + 2] ?? 0);
    if ((sum / 3) * ((bytes[at + 3] ?? 0) / 255) >= MASK_THRESHOLD) data[i] = 255;
  }
  return { width: pixels.width, height: pixels.height, data };
}
