/** A shape being drawn, before it is filled. */
import type { Point } from '../../image/geometry';
import type { Mode } from '../../image/mask/mask';
import { type Shape, spanRect } from '../kernels/shape';

export interface Draft {
  shape: Shape['kind'];
  mode: Mode;
  /** Image points: the path so far; of a rectangle or ellipse two opposite corners. */
  points: readonly Point[];
  /** Where the next corner would go. */
  hover: Point | null;
  /** Whether each corner is a press; otherwise one drag draws the whole shape. */
  isByCorners: boolean;
}

/** @returns null if it has too few points for a shape */
export function shapeOf({ shape, points }: Draft): Shape | null {
  const [from, to] = points;
  if (!from || !to) return null;
  if (shape === 'outline') return points.length < 3 ? null : { kind: shape, points };
  return { kind: shape, from, to };
}

/** A rectangle that one drag draws from corner to corner. */
export function boxDraft(from: Point, to: Point, mode: Mode): Draft {
  return { shape: 'rectangle', mode, points: [from, to], hover: null, isByCorners: false };
}

/** A draft as an SVG path in image pixels. */
export function draftPath({ shape, points, hover }: Draft): string {
  const [from, to] = points;
  if (shape === 'outline') {
    const all = hover ? [...points, hover] : points;
    return all.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  }
  if (!from || !to) return '';
  const { x, y, width, height } = spanRect(from, to);
  if (shape === 'rectangle') return `M${x} ${y}h${width}v${height}h${-width}z`;
  const [rx, ry] = [width / 2, height / 2];
  return `M${x} ${y + ry}a${rx} ${ry} 0 1 0 ${width} 0a${rx} ${ry} 0 1 0 ${-width} 0z`;
}
