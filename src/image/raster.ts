/** Images and masks as plain arrays, the same in the page, in workers and under Node. */
import type { Rect, Size } from './geometry';

/** Straight (not premultiplied) RGBA, 8 bits a channel, row after row from the top. */
export interface Pixels extends Size {
  data: Uint8ClampedArray<ArrayBuffer>;
}

/**
 * One 8-bit channel: white (255) is repainted, black (0) is kept. Values in between are a soft edge: the model
 * repaints it, and the value says how much of that shows.
 */
export interface Mask extends Size {
  data: Uint8Array<ArrayBuffer>;
}

/** From here on engines count a mask's value as white: diffusers binarises at 0.5. */
export const MASK_THRESHOLD = 128;

export function createPixels(size: Size): Pixels {
  return {
    width: size.width,
    height: size.height,
    data: new Uint8ClampedArray(size.width * size.height * 4),
  };
}

/** A black mask: nothing is repainted. */
export function createMask(size: Size): Mask {
  return { width: size.width, height: size.height, data: new Uint8Array(size.width * size.height) };
}

/** @param rect whole pixels, inside the image */
export function cropPixels(pixels: Pixels, rect: Rect): Pixels {
  const crop = createPixels(rect);
  for (let row = 0; row < rect.height; row++) {
    const start = ((rect.y + row) * pixels.width + rect.x) * 4;
    crop.data.set(pixels.data.subarray(start, start + rect.width * 4), row * rect.width * 4);
  }
  return crop;
}

/** Writes `patch` with its upper left corner at (x, y); it has to fit. */
export function putPixels(pixels: Pixels, patch: Pixels, x: number, y: number): void {
  for (let row = 0; row < patch.height; row++) {
    const start = row * patch.width * 4;
    pixels.data.set(patch.data.subarray(start, start + patch.width * 4), ((y + row) * pixels.width + x) * 4);
  }
}

/**
 * The image as models see it, without transparency: on white, whatever colours its transparent pixels have.
 * @returns the image itself if it is opaque
 */
export function overWhite(pixels: Pixels): Pixels {
  const { data } = pixels;
  let flat: Pixels | null = null;
  for (let i = 3; i < data.length; i += 4) {
    const alpha = data[i] ?? 0;
    if (alpha === 255) continue;
    if (!flat) {
      flat = createPixels(pixels);
      flat.data.set(data);
    }
    for (let c = i - 3; c < i; c++) flat.data[c] = 255 + (((data[c] ?? 0) - 255) * alpha) / 255;
    flat.data[i] = 255;
  }
  return flat ?? pixels;
}
