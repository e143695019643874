/** Adjusting the frame or the canvas by handles and numbers: what is being adjusted, and the arithmetic of it. */
import { dragBox, dragMargins, fitBox, type Handle, limitMargins, type Margins } from '../../image/box';
import { MIN_FRAME } from '../../image/crop';
import {
  intersectRect,
  isSameRect,
  type Point,
  type Rect,
  rectOfSize,
  type Size,
} from '../../image/geometry';
import { MAX_CANVAS_SIDE } from '../../image/outpaint';

export { canvasBox, edgeHandles, type Handle, type Margins, noMargins } from '../../image/box';

/** What the handles on the stage move: nothing, the frame, or the canvas by so much on each side. */
export type Adjusting = null | { what: 'frame' } | { what: 'canvas'; margins: Margins };

/** The largest margin that can be asked for, in image pixels. */
export const MAX_MARGIN = MAX_CANVAS_SIDE;

/**
 * The frame after a drag.
 * @param start the frame when the drag began @param by in image pixels
 */
export function dragFrame(image: Size, start: Rect, handle: Handle, by: Point): Rect {
  const minSide = Math.min(MIN_FRAME, image.width, image.height);
  return dragBox(start, handle, by, { bounds: rectOfSize(image), minSide });
}

/** The frame with some of its numbers changed, fitted into the image. */
export function frameWith(image: Size, frame: Rect, part: Partial<Rect>): Rect {
  return fitBox({ ...frame, ...part }, image, MIN_FRAME);
}

/** What a number of the frame can be, in image pixels. */
export function frameRange(image: Size, part: keyof Rect): { min: number; max: number } {
  return {
    min: part === 'x' || part === 'y' ? 0 : Math.min(MIN_FRAME, image.width, image.height),
    max: part === 'x' || part === 'width' ? image.width : image.height,
  };
}

/** Whether the mask reaches beyond the frame. */
export function cutsMask(frame: Rect, maskBounds: Rect): boolean {
  return !isSameRect(intersectRect(maskBounds, frame), maskBounds);
}

/**
 * The canvas's margins after a drag.
 * @param start the canvas when the drag began, in the image's coordinates @param by in image pixels
 */
export function dragCanvas(image: Size, start: Rect, handle: Handle, by: Point): Margins {
  const from = {
    left: -start.x,
    top: -start.y,
    right: start.x + start.width - image.width,
    bottom: start.y + start.height - image.height,
  };
  return dragMargins(image, from, handle, by, MAX_CANVAS_SIDE);
}

/** Margins with some of them changed, within the largest canvas. */
export function marginsWith(image: Size, margins: Margins, part: Partial<Margins>): Margins {
  return limitMargins(image, { ...margins, ...part }, MAX_CANVAS_SIDE);
}
