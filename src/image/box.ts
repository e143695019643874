/** Boxes that are dragged by their edges and corners, in whole image pixels: the crop frame and the canvas itself. */
import { clamp, intersectRect, type Point, type Rect, rectOfSize, type Size } from './geometry';

/** What is taken hold of: the whole box, or the edges that its letters name. */
export type Handle = 'move' | 'n' | 's' | 'w' | 'e' | 'nw' | 'ne' | 'sw' | 'se';

export const edgeHandles: readonly Handle[] = ['nw', 'n', 'ne', 'e', 'se', 's', 'sw', 'w'];

/** How much is added on each side, in image pixels. */
export interface Margins {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export const noMargins: Margins = { top: 0, right: 0, bottom: 0, left: 0 };

/**
 * A box after one of its handles was dragged. Only the edges that the handle names move; none leaves the bounds, none
 * comes nearer to its opposite than `minSide`.
 * @param by in image pixels
 */
export function dragBox(
  box: Rect,
  handle: Handle,
  by: Point,
  { bounds, minSide }: { bounds: Rect; minSide: number },
): Rect {
  const dx = Math.round(by.x);
  const dy = Math.round(by.y);
  const [boundRight, boundBottom] = [bounds.x + bounds.width, bounds.y + bounds.height];
  if (handle === 'move') {
    return {
      ...box,
      x: clamp(box.x + dx, bounds.x, Math.max(bounds.x, boundRight - box.width)),
      y: clamp(box.y + dy, bounds.y, Math.max(bounds.y, boundBottom - box.height)),
    };
  }
  let [left, top, right, bottom] = [box.x, box.y, box.x + box.width, box.y + box.height];
  if (handle.includes('w')) left = Math.max(bounds.x, Math.min(left + dx, right - minSide));
  if (handle.includes('e')) right = Math.min(boundRight, Math.max(right + dx, left + minSide));
  if (handle.includes('n')) top = Math.max(bounds.y, Math.min(top + dy, bottom - minSide));
  if (handle.includes('s')) bottom = Math.min(boundBottom, Math.max(bottom + dy, top + minSide));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** A chosen frame after the image or the limits changed: inside the image, no side below `minSide` if that fits. */
export function fitBox(box: Rect, imageSize: Size, minSide: number): Rect {
  const width = clamp(Math.round(box.width), Math.min(minSide, imageSize.width), imageSize.width);
  const height = clamp(Math.round(box.height), Math.min(minSide, imageSize.height), imageSize.height);
  const x = clamp(Math.round(box.x), 0, imageSize.width - width);
  const y = clamp(Math.round(box.y), 0, imageSize.height - height);
  return intersectRect({ x, y, width, height }, rectOfSize(imageSize));
}

/** The canvas with margins, in the image's own coordinates: its corner is left of and above 0. */
export function canvasBox(imageSize: Size, { top, right, bottom, left }: Margins): Rect {
  return {
    x: -left,
    y: -top,
    width: imageSize.width + left + right,
    height: imageSize.height + top + bottom,
  };
}

/**
 * The margins after a handle of the canvas was dragged: never below 0, and no side of the canvas beyond `maxSide`.
 * @param by in image pixels
 */
export function dragMargins(
  imageSize: Size,
  margins: Margins,
  handle: Handle,
  by: Point,
  maxSide: number,
): Margins {
  const next = { ...margins };
  if (handle === 'move') return next;
  if (handle.includes('w')) next.left -= Math.round(by.x);
  if (handle.includes('e')) next.right += Math.round(by.x);
  if (handle.includes('n')) next.top -= Math.round(by.y);
  if (handle.includes('s')) next.bottom += Math.round(by.y);
  return limitMargins(imageSize, next, maxSide);
}

/** Whole margins within what the largest canvas leaves; of two that compete, the one named first keeps its share. */
export function limitMargins(imageSize: Size, margins: Margins, maxSide: number): Margins {
  const across = Math.max(0, maxSide - imageSize.width);
  const down = Math.max(0, maxSide - imageSize.height);
  const left = clamp(Math.round(margins.left), 0, across);
  const top = clamp(Math.round(margins.top), 0, down);
  return {
    top,
    left,
    right: clamp(Math.round(margins.right), 0, across - left),
    bottom: clamp(Math.round(margins.bottom), 0, down - top),
  };
}
