/**
 * The crop plan: which part of the image the model sees, and at what size. The cost of a run follows the
 * mask, not the picture.
 */
import { fillMargin } from './fill/regions';
import { clamp, growRect, intersectRect, isEmptyRect, type Rect, rectOfSize, type Size } from './geometry';

export interface CropRequest {
  imageSize: Size;
  /** The smallest rectangle around the painted mask. */
  maskBounds: Rect;
  /** Surroundings that the model should see on each side of the mask, in image pixels. */
  padding: number;
  /** The side in pixels of the squares that the model was trained on. */
  nativeSize: number;
  /** The one size in pixels that the model takes; absent if it takes any. */
  fixedSize?: Size | undefined;
  /** The model works at the image's own resolution: nothing is scaled. */
  ownScale?: boolean | undefined;
  /** The model takes away what is masked. */
  removes?: boolean | undefined;
  /** Both sides of the model's image are multiples of this. */
  multiple?: number;
}

export interface CropPlan {
  /** What is cut from the image, in whole image pixels, inside the picture. */
  frame: Rect;
  /** What `frame` is scaled to for the model. */
  size: Size;
  /** The model works at the image's own resolution: `size` is the frame's, and transparency stays as it is. */
  ownScale?: true;
  /**
   * What is masked is taken away, by the model or for it: the result counts up to the mask's very edge, since under a
   * feather what is to go would show.
   */
  removes?: true;
}

/** The smallest and largest side that engines take (contract/schema.ts, LocalOptions). */
const MIN_SIDE = 64;
const MAX_SIDE = 2048;

/**
 * Plans the crop around a mask.
 *
 * The frame holds the mask and its padding. It grows to the native square if that is larger, so that a
 * small mask is repainted at the image's own resolution; else to the square of its longer side, which is
 * scaled down. If the image ends before the square does, the frame keeps the image's edge and the
 * model's size its shape, the longer side staying native.
 *
 * A model of one fixed size gets a frame of its shape, smaller than the model's image if the image is; only a
 * mask that no such frame can hold is stretched.
 *
 * A model that works at the image's own resolution gets the mask and its padding, and no less than the native square.
 *
 * @throws RangeError if the mask is empty or lies outside the image
 */
export function planCrop({
  imageSize,
  maskBounds,
  padding,
  nativeSize,
  fixedSize,
  ownScale,
  removes,
  multiple = 8,
}: CropRequest): CropPlan {
  const picture = rectOfSize(imageSize);
  const box = intersectRect(maskBounds, picture);
  if (isEmptyRect(box)) throw new RangeError('the mask is empty');
  const wanted = intersectRect(growRect(box, Math.max(0, Math.round(padding))), picture);
  const task = removes ? ({ removes } as const) : {};
  if (ownScale) {
    const wanted = intersectRect(growRect(box, withinPixels(box, Math.round(padding))), picture);
    const frame = {
      ...spread(wanted.x, wanted.width, Math.max(wanted.width, nativeSize), imageSize.width),
      ...vertical(spread(wanted.y, wanted.height, Math.max(wanted.height, nativeSize), imageSize.height)),
    };
    return { frame, size: sizeOf(frame), ownScale: true, removes: true };
  }
  if (fixedSize) return { frame: frameOfShape(fixedSize, wanted, box, imageSize), size: fixedSize, ...task };
  const native = clamp(Math.round(nativeSize / multiple) * multiple, MIN_SIDE, MAX_SIDE);
  const side = squareSide(native, wanted, box, imageSize);
  // Only around the mask if the square is too small for its padding.
  const core = side < Math.max(wanted.width, wanted.height) ? box : wanted;
  const frame = {
    ...spread(core.x, core.width, side, imageSize.width),
    ...vertical(spread(core.y, core.height, side, imageSize.height)),
  };
  // At the image's own scale a remainder of up to 7 pixels would have to be stretched: leave it out
  // if the mask and its padding allow.
  if (side === native && Math.max(frame.width, frame.height) === native) {
    const width = frame.width - (frame.width % multiple);
    const height = frame.height - (frame.height % multiple);
    if (width >= Math.max(wanted.width, MIN_SIDE)) {
      Object.assign(frame, spread(wanted.x, wanted.width, width, imageSize.width));
    }
    if (height >= Math.max(wanted.height, MIN_SIDE)) {
      Object.assign(frame, vertical(spread(wanted.y, wanted.height, height, imageSize.height)));
    }
  }
  return { frame, size: modelSize(frame, native, multiple), ...task };
}

/** @param shape the frame's, unless no such frame inside the image holds the box */
function frameOfShape(shape: Size, wanted: Rect, box: Rect, imageSize: Size): Rect {
  // Image pixels for each pixel of the model.
  const scaleOf = ({ width, height }: Size) => Math.max(width / shape.width, height / shape.height);
  const largest = Math.min(imageSize.width / shape.width, imageSize.height / shape.height);
  const scale = Math.max(scaleOf(box), Math.min(largest, Math.max(1, scaleOf(wanted))));
  const width = Math.max(box.width, Math.round(shape.width * scale));
  const height = Math.max(box.height, Math.round(shape.height * scale));
  const core = wanted.width <= width && wanted.height <= height ? wanted : box;
  return {
    ...spread(core.x, core.width, width, imageSize.width),
    ...vertical(spread(core.y, core.height, height, imageSize.height)),
  };
}

/** The smallest side, in image pixels, of a frame that the user may choose. */
export const MIN_FRAME = 64;

/**
 * Plans a crop whose frame the user has chosen: its longer side becomes native, whether larger or smaller; for a model of
 * one fixed size it is stretched to that, and for one that works at the image's own resolution it stays as it is.
 * @param frame whole pixels, inside the image
 */
export function planFrame(
  frame: Rect,
  { nativeSize, fixedSize, ownScale, removes, multiple = 8 }: ModelShape,
): CropPlan {
  const task = removes ? ({ removes } as const) : {};
  if (ownScale) return { frame, size: sizeOf(frame), ownScale: true, removes: true };
  if (fixedSize) return { frame, size: fixedSize, ...task };
  const native = clamp(Math.round(nativeSize / multiple) * multiple, MIN_SIDE, MAX_SIDE);
  return { frame, size: modelSize(frame, native, multiple), ...task };
}

/**
 * Pixels of an image that goes into a model at its own resolution: 24 megapixels, the usual camera's, and room to extend
 * them. Image, mask and result are in memory at once, 12 bytes a pixel. Of the surroundings of a very large mask less is
 * shown.
 */
export const MAX_OWN_SCALE_PIXELS = 32_000_000;

/** @returns the padding, or as much of it as fits around the box into the most pixels */
function withinPixels({ width, height }: Rect, padding: number): number {
  const half = (width + height) / 2;
  // (width + 2p) (height + 2p) = most
  const most = (Math.sqrt(half * half - width * height + MAX_OWN_SCALE_PIXELS) - half) / 2;
  return clamp(padding, 0, Math.max(0, Math.floor(most)));
}

/** What a plan depends on besides the image and its mask. */
type ModelShape = Pick<CropRequest, 'nativeSize' | 'fixedSize' | 'ownScale' | 'removes' | 'multiple'>;

function sizeOf({ width, height }: Rect): Size {
  return { width, height };
}

function modelSize(frame: Rect, native: number, multiple: number): Size {
  const scale = native / Math.max(frame.width, frame.height);
  const toModel = (length: number) =>
    clamp(Math.round((length * scale) / multiple) * multiple, MIN_SIDE, native);
  return { width: toModel(frame.width), height: toModel(frame.height) };
}

/**
 * Surroundings worth showing to the model: a quarter of the mask's longer side, and at least a sixteenth of
 * what the model sees. At the image's own resolution as much as the content-aware fill looks at.
 * @returns image pixels
 */
export function defaultPadding(
  maskBounds: Rect,
  { nativeSize, ownScale }: Pick<ModelShape, 'nativeSize' | 'ownScale'>,
): number {
  if (ownScale) return fillMargin(maskBounds);
  return Math.round(Math.max(nativeSize / 16, Math.max(maskBounds.width, maskBounds.height) / 4));
}

/**
 * The side of the square to aim for. Beyond the native size the model's image shrinks anyway, and models
 * know squares best: if the padding alone exceeds the image's shorter side, padding is given up for one.
 */
function squareSide(native: number, wanted: Rect, box: Rect, imageSize: Size): number {
  const side = Math.max(native, wanted.width, wanted.height);
  const shorter = Math.min(imageSize.width, imageSize.height);
  if (side > shorter && shorter >= native && Math.max(box.width, box.height) <= shorter) return shorter;
  return side;
}

/** Widens [start, start + length) to `side` about its middle, inside [0, limit). */
function spread(start: number, length: number, side: number, limit: number): { x: number; width: number } {
  const width = Math.min(side, limit);
  const x = clamp(Math.round(start + (length - width) / 2), 0, limit - width);
  return { x, width };
}

function vertical({ x, width }: { x: number; width: number }): { y: number; height: number } {
  return { y: x, height: width };
}
