/** Which part of an image is encoded: all of it, or far in the part around what is in sight. */
import { clamp, intersectRect, isEmptyRect, type Rect, rectOfSize, type Size } from '../image/geometry';

/** Of the longer side in sight: so much around it is seen too, since things reach beyond the window. */
const SURROUNDINGS = 1.5;
/** A part is as good as a closer one while it is at most so much larger than what is in sight. */
const LOOSE = 2.5;

/**
 * The part to encode for a view: the whole image unless a part shows more detail.
 * @param view what is in sight, in image pixels @param side the longer side at which parts are encoded
 * @returns whole pixels, inside the image
 */
export function frameFor(image: Size, view: Rect, side: number): Rect {
  const whole = rectOfSize(image);
  const seen = intersectRect(view, whole);
  if (isEmptyRect(seen)) return whole;
  const length = Math.round(Math.max(seen.width, seen.height, side / SURROUNDINGS) * SURROUNDINGS);
  if (length * LOOSE > Math.max(image.width, image.height) * SURROUNDINGS) return whole;
  const width = Math.min(length, image.width);
  const height = Math.min(length, image.height);
  return {
    x: Math.round(clamp(seen.x + seen.width / 2 - width / 2, 0, image.width - width)),
    y: Math.round(clamp(seen.y + seen.height / 2 - height / 2, 0, image.height - height)),
    width,
    height,
  };
}

/** Whether an encoded part serves a view as well as {@link frameFor}'s own would: panning a little encodes nothing. */
export function serves(frame: Rect, image: Size, view: Rect, side: number): boolean {
  const wanted = frameFor(image, view, side);
  const seen = intersectRect(intersectRect(view, rectOfSize(image)), wanted);
  const covered = intersectRect(seen, frame);
  const isInside = covered.width >= seen.width && covered.height >= seen.height;
  const longer = Math.max(frame.width, frame.height);
  return isInside && longer <= Math.max(wanted.width, wanted.height) * (LOOSE / SURROUNDINGS);
}
