/** Shapes: which pixels a lasso, a polygon, a rectangle or an ellipse covers. */
import { clamp, intersectRect, type Point, type Rect, rectOfSize, roundOutRect, type Size } from './geometry';
import type { Mask } from './raster';

/** Points in image pixels; an outline closes from its last point to its first. */
export type Shape =
  | { kind: 'outline'; points: readonly Point[] }
  | { kind: 'rectangle' | 'ellipse'; from: Point; to: Point };

/** The rectangle that two opposite corners span. */
export function spanRect(from: Point, to: Point): Rect {
  return {
    x: Math.min(from.x, to.x),
    y: Math.min(from.y, to.y),
    width: Math.abs(to.x - from.x),
    height: Math.abs(to.y - from.y),
  };
}

/** The corner opposite to `from` of a square that reaches as far as `to` in one direction, if not in both. */
export function squareCorner(from: Point, to: Point): Point {
  const side = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  return { x: from.x + (to.x < from.x ? -side : side), y: from.y + (to.y < from.y ? -side : side) };
}

/** The whole pixels that a shape can cover, inside the picture. */
export function shapeBounds(shape: Shape, imageSize: Size): Rect {
  return intersectRect(roundOutRect(extent(shape)), rectOfSize(imageSize));
}

function extent(shape: Shape): Rect {
  if (shape.kind !== 'outline') return spanRect(shape.from, shape.to);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of shape.points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (left > right) return { x: 0, y: 0, width: 0, height: 0 };
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/**
 * Sets every pixel whose centre the shape covers: for outlines by the non-zero rule, so that a lasso that
 * crosses itself leaves no hole.
 * @param value 255 adds, 0 takes away
 * @returns the bounds of what may have changed
 */
export function fillShape(mask: Mask, shape: Shape, value: 0 | 255): Rect {
  const bounds = shapeBounds(shape, mask);
  const fill = (y: number, from: number, to: number) => {
    // Pixels whose centres lie in from ≤ x < to.
    const start = clamp(Math.ceil(from - 0.5), 0, mask.width);
    const end = clamp(Math.ceil(to - 0.5), 0, mask.width);
    if (end > start) mask.data.fill(value, y * mask.width + start, y * mask.width + end);
  };
  if (shape.kind === 'outline') fillOutline(shape.points, bounds, fill);
  else if (shape.kind === 'ellipse') fillEllipse(spanRect(shape.from, shape.to), bounds, fill);
  else {
    const box = spanRect(shape.from, shape.to);
    fillOutline(corners(box), bounds, fill);
  }
  return bounds;
}

type FillRun = (y: number, from: number, to: number) => void;

function corners({ x, y, width, height }: Rect): Point[] {
  return [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ];
}

function fillEllipse(box: Rect, bounds: Rect, fill: FillRun): void {
  const [rx, ry] = [box.width / 2, box.height / 2];
  if (rx === 0 || ry === 0) return;
  for (let y = bounds.y; y < bounds.y + bounds.height; y++) {
    const v = (y + 0.5 - box.y - ry) / ry;
    if (v * v > 1) continue;
    const half = rx * Math.sqrt(1 - v * v);
    fill(y, box.x + rx - half, box.x + rx + half);
  }
}

/** Each row's crossings with the outline, sorted; runs where the winding number is not zero. */
function fillOutline(points: readonly Point[], bounds: Rect, fill: FillRun): void {
  const rows: { x: number; turn: 1 | -1 }[][] = Array.from({ length: bounds.height }, () => []);
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length] ?? a;
    if (a.y === b.y) return;
    const [upper, lower, turn] = a.y < b.y ? ([a, b, 1] as const) : ([b, a, -1] as const);
    // Rows whose centres lie in upper.y ≤ y < lower.y.
    const first = Math.max(0, Math.ceil(upper.y - 0.5) - bounds.y);
    const end = Math.min(bounds.height, Math.ceil(lower.y - 0.5) - bounds.y);
    const slope = (lower.x - upper.x) / (lower.y - upper.y);
    for (let row = first; row < end; row++) {
      rows[row]?.push({ x: upper.x + (bounds.y + row + 0.5 - upper.y) * slope, turn });
    }
  });
  rows.forEach((crossings, row) => {
    crossings.sort((a, b) => a.x - b.x);
    let winding = 0;
    let from = 0;
    for (const { x, turn } of crossings) {
      if (winding === 0) from = x;
      winding += turn;
      if (winding === 0) fill(bounds.y + row, from, x);
    }
  });
}
