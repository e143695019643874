/** Removal: what is masked is taken away, and what is around it goes on there. No prompt, no noise, no steps. */
import { InputError } from '../contract/errors';
import { MAX_OWN_SCALE_PIXELS } from '../image/crop';
import type { Size } from '../image/geometry';
import { createMask, type Mask, type Pixels } from '../image/raster';
import { scalePixels } from '../image/scale';
import { checkSameSize } from './checkInputs';
import type { InpaintCall, InpaintOutcome } from './inpaint';
import { luma } from './latents/vaePixels';
import type { RemovalModel } from './model';
import { stageTimer } from './timing';

export interface RemovalJob {
  image: Pixels;
  /** White is removed. Same size as the image. */
  mask: Pixels;
  /** The size in pixels at which the model works; another one than the image's means that the image is scaled to it. */
  size: Size;
  seed: number;
}

/**
 * Removes what is masked.
 * @returns an image of the job's size; `timings` has one stage, `remove`, in milliseconds
 * @throws InputError if image and mask differ in size, or nothing is left to continue; AbortError after cancellation
 */
export async function remove(
  model: RemovalModel,
  { image, mask, size, seed }: RemovalJob,
  { signal, onProgress }: Pick<InpaintCall, 'signal' | 'onProgress'>,
): Promise<InpaintOutcome> {
  const { timed, timings } = stageTimer(signal);

  // 1. Check the job
  checkSameSize(image, mask);
  if (model.ownScale) checkOwnScale(image);
  onProgress({ stage: 'remove', fraction: 0 });

  // 2. Image and hole, at the model's size
  const shown = scalePixels(image, size);
  const hole = readHole(scalePixels(mask, size));
  checkLeaves(hole);

  // 3. Remove
  const pixels = await timed('remove', () =>
    model.run(shown, hole, {
      seed,
      signal,
      onProgress: (fraction) => onProgress({ stage: 'remove', fraction }),
    }),
  );
  return { pixels, timings };
}

/** @throws InputError if all is a hole */
export function checkLeaves(hole: Mask): void {
  if (hole.data.includes(0)) return;
  throw new InputError(
    'mask_url',
    'mask_url: everything is masked, so nothing is left to continue; mask less, or take more of the image',
  );
}

/** @throws InputError if an image is too large for a model that takes it as it is */
export function checkOwnScale({ width, height }: Size): void {
  if (width * height <= MAX_OWN_SCALE_PIXELS) return;
  throw new InputError(
    'image_url',
    `image_url: ${width} × ${height} pixels are too many to fill at once, ${MAX_OWN_SCALE_PIXELS / 1e6} megapixels at ` +
      'most; mask one thing at a time, or send only the area around the mask',
  );
}

/**
 * From here on a mask's value is a hole. Far below the half that diffusers asks for: under a soft edge is some of what is to
 * go, and a rim of it that is kept would be continued. JPEG's noise around black stays below.
 */
const HOLE_THRESHOLD = 32;

/** @returns 255 where something is removed, else 0; transparent parts of the mask are black */
export function readHole(mask: Pixels): Mask {
  const { data } = mask;
  const hole = createMask(mask);
  for (let i = 0; i < hole.data.length; i++) {
    const value = luma(data[i * 4] ?? 0, data[i * 4 + 1] ?? 0, data[i * 4 + 2] ?? 0);
    if (value * (data[i * 4 + 3] ?? 0) >= HOLE_THRESHOLD * 255) hole.data[i] = 255;
  }
  return hole;
}
