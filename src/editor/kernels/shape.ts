/** Which pixels a lasso, polygon, rectangle or ellipse covers. */
import {
  clamp,
  intersectRect,
  type Point,
  type Rect,
  rectOfSize,
  roundOutRect,
  type Size,
} from '../../image/geometry';
import type { Mask } from '../../image/raster';

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

/** The whole pixels that a shape can cover, inside the image. */
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

/** Pixels from ≤ x < to of a row. */
type Run = (from: number, to: number) => void;

/** What a shape covers of an image, row by row. */
export interface ShapeRuns {
  /** Whole pixels, inside the image. */
  bounds: Rect;
  /** Calls back with each run of pixels in row `y`, from left to right. */
  runs(y: number, run: Run): void;
}

/**
 * The pixels whose centres a shape covers. Outlines follow the non-zero rule, so that a lasso that crosses itself leaves no
 * hole.
 */
export function shapeRuns(shape: Shape, imageSize: Size): ShapeRuns {
  const bounds = shapeBounds(shape, imageSize);
  const spans = spansOf(shape, bounds);
  return {
    bounds,
    runs: (y, run) =>
      spans(y, (from, to) => {
        // Pixels whose centres are in from ≤ x < to.
        const start = clamp(Math.ceil(from - 0.5), 0, imageSize.width);
        const end = clamp(Math.ceil(to - 0.5), 0, imageSize.width);
        if (end > start) run(start, end);
      }),
  };
}

/**
 * Sets every pixel whose centre the shape covers.
 * @param value 255 adds, 0 subtracts
 * @returns the bounds of what may have changed
 */
export function fillShape(mask: Mask, shape: Shape, value: 0 | 255): Rect {
  const { bounds, runs } = shapeRuns(shape, mask);
  for (let y = bounds.y; y < bounds.y + bounds.height; y++) {
    runs(y, (from, to) => mask.data.fill(value, y * mask.width + from, y * mask.width + to));
  }
  return bounds;
}

/** Where a row's centres enter the shape and leave it, in image points. */
function spansOf(shape: Shape, bounds: Rect): (y: number, span: Run) => void {
  if (shape.kind === 'outline') return outlineSpans(shape.points, bounds);
  const box = spanRect(shape.from, shape.to);
  return shape.kind === 'ellipse' ? ellipseSpans(box) : outlineSpans(corners(box), bounds);
}

function corners({ x, y, width, height }: Rect): Point[] {
  return [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ];
}

function ellipseSpans(box: Rect): (y: number, span: Run) => void {
  const [rx, ry] = [box.width / 2, box.height / 2];
  return (y, span) => {
    if (rx === 0 || ry === 0) return;
    const v = (y + 0.5 - box.y - ry) / ry;
    if (v * v > 1) return;
    const half = rx * Math.sqrt(1 - v * v);
    span(box.x + rx - half, box.x + rx + half);
  };
}

/** Each row's crossings with the outline, sorted; spans where the winding number is not zero. */
function outlineSpans(points: readonly Point[], bounds: Rect): (y: number, span: Run) => void {
  const rows: { x: number; turn: 1 | -1 }[][] = Array.from({ length: bounds.height }, () => []);
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length] ?? a;
    if (a.y === b.y) return;
    const [upper, lower, turn] = a.y < b.y ? ([a, b, 1] as const) : ([b, a, -1] as const);
    // Rows whose centres are in upper.y ≤ y < lower.y.
    const first = Math.max(0, Math.ceil(upper.y - 0.5) - bounds.y);
    const end = Math.min(bounds.height, Math.ceil(lower.y - 0.5) - bounds.y);
    const slope = (lower.x - upper.x) / (lower.y - upper.y);
    for (let row = first; row < end; row++) {
      rows[row]?.push({ x: upper.x + (bounds.y + row + 0.5 - upper.y) * slope, turn });
    }
  });
  for (const crossings of rows) crossings.sort((a, b) => a.x - b.x);
  return (y, span) => {
    let winding = 0;
    let from = 0;
    for (const { x, turn } of rows[y - bounds.y] ?? []) {
      if (winding === 0) from = x;
      winding += turn;
      if (winding === 0) span(from, x);
    }
  };
}
