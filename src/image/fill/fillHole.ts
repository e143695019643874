/**
 * Content-aware fill: completes a hole with what the rest of the image is made of. It needs no model and no prompt.
 * `complete.ts` has the method; here it is applied to an image, region by region, in the time it is given.
 */

import type { Rect } from '../geometry';
import { MASK_THRESHOLD, type Mask, type Pixels } from '../raster';
import { complete } from './complete';
import { NothingLeftError } from './errors';
import { regionsOf } from './regions';
import { HOLE, KNOWN, type Level, VOID } from './scale';
import { byRows, type Steps } from './stretches';

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
  const finish = stepper(options);
  const regions = await finish(regionsOf(hole));
  const areas = regions.map(({ width, height }) => width * height);
  const whole = areas.reduce((sum, area) => sum + area, 0);
  let done = 0;
  for (const [i, region] of regions.entries()) {
    let rect = region;
    let level = await finish(levelAt(image, hole, rect));
    if (!level.kinds.includes(KNOWN)) {
      rect = { x: 0, y: 0, width: image.width, height: image.height };
      level = await finish(levelAt(image, hole, rect));
    }
    if (!level.kinds.includes(KNOWN)) {
      throw new NothingLeftError('Nothing of the image is left to fill the hole from.');
    }
    const area = areas[i] ?? 0;
    await finish(complete(level, options.seed), (share) =>
      options.onProgress?.((done + share * area) / whole),
    );
    done += area;
    await finish(writeHole(result, level, rect));
  }
  if (regions.length === 0) options.onProgress?.(1);
  return result;
}

/** Runs steps to their end, with pauses. */
function stepper({ pause }: FillOptions) {
  let pausedAt = performance.now();
  return async <Result>(steps: Steps<Result>, onStep?: (share: number) => void): Promise<Result> => {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) return step.value;
      onStep?.(step.value);
      if (performance.now() - pausedAt < WORK_MS) continue;
      await pause?.();
      pausedAt = performance.now();
    }
  };
}

/** A region as the finest scale. */
function* levelAt(image: Pixels, hole: Mask, region: Rect): Steps<Omit<Level, 'roughness'>> {
  const { width, height } = region;
  const colours = new Uint8Array(width * height * 3);
  const kinds = new Uint8Array(width * height);
  yield* byRows(region, (first, end) => {
    for (let y = first; y < end; y++) {
      for (let x = 0; x < width; x++) {
        const to = y * width + x;
        const from = (region.y + y) * image.width + region.x + x;
        if ((hole.data[from] ?? 0) >= MASK_THRESHOLD) kinds[to] = HOLE;
        else if (image.data[4 * from + 3] !== 255) kinds[to] = VOID;
        else {
          kinds[to] = KNOWN;
          for (let c = 0; c < 3; c++) colours[3 * to + c] = image.data[4 * from + c] ?? 0;
        }
      }
    }
  });
  return { width, height, colours, kinds };
}

function* writeHole(image: Pixels, level: Omit<Level, 'roughness'>, region: Rect): Steps {
  const { width, colours, kinds } = level;
  yield* byRows(level, (first, end) => {
    for (let i = first * width; i < end * width; i++) {
      if (kinds[i] !== HOLE) continue;
      const to = 4 * ((region.y + Math.floor(i / width)) * image.width + region.x + (i % width));
      for (let c = 0; c < 3; c++) image.data[to + c] = colours[3 * i + c] ?? 0;
    }
  });
}
