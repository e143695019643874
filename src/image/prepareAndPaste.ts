/**
 * What a run is shown of an image, and how its result goes back into it. The page and the command line share these
 * steps, so both give the same pixels: on the page an image is a canvas and the crop becomes files, on the command line
 * both are arrays.
 */

import { convertColours } from './colourSpace';
import type { CropPlan } from './crop';
import { featherWeights, mixCrop } from './featheredPaste';
import type { ColourSpace } from './files/iccProfile';
import type { Point, Rect, Size } from './geometry';
import { maskForModel } from './mask/latentMask';
import { scaleMask } from './mask/mask';
import { fillMask, type MaskContent } from './maskContent';
import { cropPixels, type Mask, overWhite, type Pixels, putPixels } from './raster';

/** An open image at full resolution, read and written in parts. */
export interface EditableImage extends Size {
  readonly colourSpace: ColourSpace;
  /** Values in the image's own colour space. @param rect whole pixels, inside the image */
  read(rect: Rect): Pixels;
  write(pixels: Pixels, x: number, y: number): void;
}

/** Turns pixels into what an engine takes: PNG files on the page, pixels on the command line. */
export interface CropEncoder<Encoded> {
  /** @returns the pixels scaled to `size` and encoded */
  encode(pixels: Pixels, size: Size): Promise<Encoded>;
  encodeMask(mask: Mask): Promise<Encoded>;
  scale(pixels: Pixels, size: Size): Promise<Pixels>;
}

export interface CropSource {
  /** The part of the mask around the frame. */
  mask: Mask;
  /** The place of the mask's upper left corner in the image. */
  maskAt: Point;
  plan: CropPlan;
  /** Image pixels. */
  feather: number;
  /** What is put under the mask; null: the image as it is. */
  content: MaskContent | null;
}

export interface PreparedCrop<Encoded> {
  image: Encoded;
  mask: Encoded;
  /** How much of the result each pixel of the frame takes: see {@link featherWeights}. */
  weights: Uint8Array<ArrayBuffer>;
}

/**
 * Cuts out what a run sends: the frame, in sRGB and on white, and its mask, both at the model's size.
 * @param open opens the image; called only if something inside the frame is masked
 * @returns null if nothing inside the frame is masked
 */
export async function prepareCrop<Encoded>(
  open: () => Promise<EditableImage>,
  { mask, maskAt, plan, feather, content }: CropSource,
  encoder: CropEncoder<Encoded>,
): Promise<PreparedCrop<Encoded> | null> {
  const { frame, size } = plan;
  const inMask = { ...frame, x: frame.x - maskAt.x, y: frame.y - maskAt.y };
  // A soft edge would let what is to go show through.
  const weights = featherWeights(plan.removes ? hardened(mask) : mask, inMask, feather);
  if (!weights.some((weight) => weight > 0)) return null;
  const image = await open();
  // Models and services expect sRGB.
  const read = convertColours(image.read(frame), image.colourSpace, 'srgb');
  const crop = plan.ownScale ? read : overWhite(read);
  const modelMask = plan.ownScale ? scaleMask(mask, inMask, size) : maskForModel(mask, inMask, size);
  const encodeImage = async () => {
    if (content === null || content === 'original') return encoder.encode(crop, size);
    return encoder.encode(await fillMask(await encoder.scale(crop, size), modelMask, content), size);
  };
  const [encodedImage, encodedMask] = await Promise.all([encodeImage(), encoder.encodeMask(modelMask)]);
  return { image: encodedImage, mask: encodedMask, weights };
}

export interface PasteOptions {
  plan: CropPlan;
  /** From {@link prepareCrop}. */
  weights: Uint8Array;
  /** Whether the result's colours are matched to the image's at the mask's edge. */
  matches: boolean;
}

/**
 * Puts a run's result into the image. Pixels outside the mask keep their bytes.
 * @param result in sRGB, scaled to the frame's size
 */
export function pasteResult(
  image: EditableImage,
  result: Pixels,
  { plan, weights, matches }: PasteOptions,
): void {
  const { frame } = plan;
  const patch = convertColours(result, 'srgb', image.colourSpace);
  // Around what was removed the colours are the image's own: there is nothing to match.
  const matched = matches && !plan.removes;
  image.write(mixCrop({ crop: image.read(frame), patch, plan, weights, matches: matched }), frame.x, frame.y);
}

/** All that is painted, however softly, is white. */
function hardened(mask: Mask): Mask {
  return { ...mask, data: mask.data.map((value) => (value === 0 ? 0 : 255)) };
}

/** An image in memory. @param pixels written in place */
export function arrayImage(pixels: Pixels, colourSpace: ColourSpace = 'srgb'): EditableImage {
  return {
    width: pixels.width,
    height: pixels.height,
    colourSpace,
    read: (rect) => cropPixels(pixels, rect),
    write: (patch, x, y) => putPixels(pixels, patch, x, y),
  };
}
