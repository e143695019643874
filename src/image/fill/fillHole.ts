/**
 * Content-aware fill: completes a hole with what the rest of the image is made of. It needs no model and no prompt.
 * `complete.ts` has the method; here it is applied to an image, region by region, in the time it is given.
 */

import type { Rect } from '../geometry';
import { cropPixels, MASK_THRESHOLD, type Mask, type Pixels } from '../raster';
import { complete } from './complete';
import { NothingLeftError } from './errors';
import { regionsOf } from './regions';
import { HOLE, KNOWN, type Level, VOID } from './scale';

export interface FillOptions {
  /** Another seed gives another completion, the same one the same bytes. */
  seed: number;
  /** @param fraction what is done, rising to 1 */
  onProgress?(fraction: number): void;
  /** Awaited every few tens of milliseconds, so that the thread can do other things; to cancel, it throws. */
  pause?(): Promise<void>;
}

/** Between two pauses. */
const WORK_MS = 24;

/**
 * Fills the hole. Colours are taken from opaque pixels alone; alpha stays as it is everywhere, in the hole too.
 * @param hole of the image's size; from 128 up a pixel belongs to it
 * @returns a new image: outside the hole the same bytes
 * @throws NothingLeftError if no opaque pixel lies outside the hole
 * @throws RangeError if the sizes differ
 * @throws what `pause` throws
 */
export async function fillHole(image: Pixels, hole: Mask, options: FillOptions): Promise<Pixels> {
  if (hole.width !== image.width || hole.height !== image.height) {
    throw new RangeError(
      `the hole's mask is ${hole.width} × ${hole.height}, its image ${image.width} × ${image.height}`,
    );
  }
  const result = { width: image.width, height: image.height, data: new Uint8ClampedArray(image.data) };
  const regions = regionsOf(hole);
  const areas = regions.map(({ width, height }) => width * height);
  const whole = areas.reduce((sum, area) => sum + area, 0);
  let done = 0;
  let pausedAt = performance.now();
  for (const [i, region] of regions.entries()) {
    let rect = region;
    let level = levelAt(image, hole, rect);
    if (!level.kinds.includes(KNOWN)) {
      rect = { x: 0, y: 0, width: image.width, height: image.height };
      level = levelAt(image, hole, rect);
    }
    if (!level.kinds.includes(KNOWN)) {
      throw new NothingLeftError('Nothing of the image is left to fill the hole from.');
    }
    for (const share of complete(level, options.seed)) {
      options.onProgress?.((done + share * (areas[i] ?? 0)) / whole);
      if (performance.now() - pausedAt < WORK_MS) continue;
      await options.pause?.();
      pausedAt = performance.now();
    }
    done += areas[i] ?? 0;
    writeHole(result, level, rect);
  }
  if (regions.length === 0) options.onProgress?.(1);
  return result;
}

/** A region as the finest scale. */
function levelAt(image: Pixels, hole: Mask, region: Rect): Omit<Level, 'roughness'> {
  const { width, height } = region;
  const { data } = cropPixels(image, region);
  const colours = new Uint8Array(width * height * 3);
  const kinds = new Uint8Array(width * height);
  for (let i = 0; i < kinds.length; i++) {
    const inImage = (region.y + Math.floor(i / width)) * hole.width + region.x + (i % width);
    if ((hole.data[inImage] ?? 0) >= MASK_THRESHOLD) kinds[i] = HOLE;
    else if (data[4 * i + 3] !== 255) kinds[i] = VOID;
    else {
      kinds[i] = KNOWN;
      for (let c = 0; c < 3; c++) colours[3 * i + c] = data[4 * i + c] ?? 0;
    }
  }
  return { width, height, colours, kinds };
}

function writeHole(image: Pixels, { width, colours, kinds }: Omit<Level, 'roughness'>, region: Rect): void {
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] !== HOLE) continue;
    const to = 4 * ((region.y + Math.floor(i / width)) * image.width + region.x + (i % width));
    for (let c = 0; c < 3; c++) image.data[to + c] = colours[3 * i + c] ?? 0;
  }
}
