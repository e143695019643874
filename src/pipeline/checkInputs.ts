/** Refuses images and masks that no model could use. */
import { InputError } from '../contract/errors';
import type { Size } from '../image/geometry';
import { MASK_THRESHOLD, type Pixels } from '../image/raster';
import { flatten } from '../image/scale';
import { fitMask, luma, MASK_BACKDROP } from './latents/vaePixels';

/** @param field what the caller calls the mask @throws InputError unless both have the same size */
export function checkSameSize(image: Size, mask: Size, field = 'mask_url'): void {
  if (image.width === mask.width && image.height === mask.height) return;
  throw new InputError(
    field,
    `${field}: the mask is ${mask.width} × ${mask.height} pixels, the image ${image.width} × ${image.height}; ` +
      "save the mask at the image's size",
  );
}

/** Channels that differ by more than this are a colour; greys of lossy formats stay below. */
const COLOUR = 32;

/**
 * Refuses a mask that masks nothing as {@link fitMask} reads it, before a model is loaded for it.
 * @param field what the caller calls the mask
 * @throws InputError saying what was read
 */
export function checkPaints(mask: Pixels, field = 'mask_url'): void {
  const { data } = flatten(mask, MASK_BACKDROP);
  let [whitest, colour, opacity] = [0, 0, 0];
  for (let pixel = 0; pixel < mask.width * mask.height; pixel++) {
    const [red, green, blue] = [data[pixel * 3] ?? 0, data[pixel * 3 + 1] ?? 0, data[pixel * 3 + 2] ?? 0];
    whitest = Math.max(whitest, luma(red, green, blue));
    if (whitest >= MASK_THRESHOLD) return;
    colour = Math.max(colour, Math.max(red, green, blue) - Math.min(red, green, blue));
    opacity = Math.max(opacity, mask.data[pixel * 4 + 3] ?? 0);
  }
  const white = `paint white, ${MASK_THRESHOLD} of 255 at least, what should change`;
  throw new InputError(field, `${field}: the mask paints nothing: ${reason()}; ${white}`);

  function reason(): string {
    if (colour > COLOUR) return `it is in colour, whose luminance is ${whitest} of 255 at most`;
    if (opacity === 0) return 'it is fully transparent, which is read as black';
    if (whitest > 0) return `its whitest value is ${whitest} of 255`;
    return hasTransparency(mask)
      ? 'its strokes are black, on transparency, which is black too'
      : 'it is all black';
  }
}

function hasTransparency({ data }: Pixels): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return true;
  return false;
}
