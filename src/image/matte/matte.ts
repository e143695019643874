/**
 * What stands before two known grounds: its cover and its own colours follow from the two images by arithmetic, whatever
 * they are (triangulation matting: Smith and Blinn, "Blue Screen Matting", 1996, theorem 3).
 */
import type { Size } from '../geometry';
import { bilinear, smoothStep } from '../interpolate';
import { createSamples, pushPull } from '../pushPull';
import type { Pixels } from '../raster';

/** Something without a ground. */
export interface Matte extends Size {
  /** How much of each pixel it covers, 0 to 1. [height × width] */
  cover: Float32Array;
  /** Its own colours, 0 to 255, everywhere: where it covers little they are its neighbourhood's. [height × width × 3] */
  colours: Float32Array;
}

/** Covers from which a colour counts, and from which it counts in full: below them division only enlarges noise. */
const [FAINT, SOLID] = [0.3, 0.7];

/**
 * @param dark the thing before a ground whose every channel is `darkness`
 * @param light the same before a lighter ground, `lightness`
 */
export function matteOf(dark: Pixels, light: Pixels, darkness: number, lightness: number): Matte {
  const { width, height } = dark;
  const cover = new Float32Array(width * height);
  const samples = createSamples({ width, height });
  for (let i = 0; i < cover.length; i++) {
    let between = 0;
    for (let c = 0; c < 3; c++) between += (light.data[4 * i + c] ?? 0) - (dark.data[4 * i + c] ?? 0);
    const covered = Math.min(1, Math.max(0, 1 - between / (3 * (lightness - darkness))));
    cover[i] = covered;
    samples.weights[i] = Math.min(1, Math.max(0, (covered - FAINT) / (SOLID - FAINT)));
    const ground = ((1 - covered) * (darkness + lightness)) / 2;
    for (let c = 0; c < 3; c++) {
      const own = ((dark.data[4 * i + c] ?? 0) + (light.data[4 * i + c] ?? 0)) / 2 - ground;
      samples.values[3 * i + c] = Math.min(255, Math.max(0, own / Math.max(covered, FAINT)));
    }
  }
  pushPull(samples, (darkness + lightness) / 2);
  return { width, height, cover, colours: samples.values };
}

/** Where a matte goes: the image's pixel (x, y) takes what the matte has at this place, in its own pixels. */
export type Placement = (x: number, y: number) => readonly [x: number, y: number];

/** Covers below the first are nothing, those above the second are solid: edges are crisp at any enlargement. */
const [NOTHING, WHOLE] = [0.25, 0.6];

/**
 * Lays a matte over an image, in place.
 * @param where [height × width] of the image: not 0 where the image may change
 * @param light what its red, green and blue are multiplied by
 */
export function layMatte(
  image: Pixels,
  matte: Matte,
  where: Uint8Array,
  place: Placement,
  light: readonly number[] = [1, 1, 1],
): void {
  const { width } = image;
  for (let i = 0; i < where.length; i++) {
    if (where[i] === 0) continue;
    const [x, y] = place(i % width, Math.floor(i / width));
    if (x < 0 || y < 0 || x > matte.width - 1 || y > matte.height - 1) continue;
    const part = smoothStep(NOTHING, WHOLE, bilinear(matte.cover, matte, x, y, 1, 0));
    if (part === 0) continue;
    for (let c = 0; c < 3; c++) {
      const below = image.data[4 * i + c] ?? 0;
      const own = bilinear(matte.colours, matte, x, y, 3, c) * (light[c] ?? 1);
      image.data[4 * i + c] = below + part * (own - below);
    }
    const alpha = image.data[4 * i + 3] ?? 0;
    image.data[4 * i + 3] = alpha + part * (255 - alpha);
  }
}
