/** Where a matte goes in a hole: as large as the hole allows, with next to nothing of it cut off. */
import type { Point, Rect } from '../geometry';
import { maskBounds } from '../mask/mask';
import type { Mask } from '../raster';
import type { Matte, Placement } from './matte';

/** How a thing is laid down. */
export interface Pose {
  /** Of the largest size that fits, above 0 to 1. */
  size: number;
  /** Radians, clockwise. */
  lean: number;
  /** Left and right change places. */
  isMirrored: boolean;
  /** Where it goes in the hole's box if it has room: 0 is left or up, 1 right or down. */
  along: number;
}

/** Covers from here on belong to the thing: below is also what a model makes of plain ground. */
const THING = 0.4;

/** The part of a hole's box that a thing fills at most: the hole's edge stays ground. */
const FILL = 0.9;

/** Each size that is tried is this part of the one before; so many are tried, and places on either side of the box. */
const [SHRINK, SIZES, PLACES] = [0.94, 30, 11];

/** Points of the thing, on its longer side, that are looked up in the hole. */
const SAMPLES = 24;

/** What a cut costs: with a hundredth outside it is as good as an eighth smaller. */
const CUT_POWER = 12;

/** What it costs to be a whole box away from where the pose wants it. */
const AWAY = 0.15;

/** @returns whole pixels of the matte around what it covers; width and height are 0 if that is nothing */
export function matteBounds({ width, height, cover }: Matte): Rect {
  const data = Uint8Array.from(cover, (part) => (part >= THING ? 255 : 0));
  return maskBounds({ width, height, data });
}

/** @returns null if the matte covers nothing or there is no hole */
export function placeMatte(matte: Matte, hole: Mask, pose: Pose): Placement | null {
  const bounds = matteBounds(matte);
  const box = maskBounds(hole);
  if (bounds.width === 0 || box.width === 0) return null;
  const step = Math.max(bounds.width, bounds.height) / SAMPLES;
  const points = thingPoints(matte, bounds, pose, step);
  const [wide, high] = [extent(points, 'x') + step, extent(points, 'y') + step];
  const largest = FILL * Math.min(box.width / wide, box.height / high);
  const wanted = { x: box.x + box.width * pose.along, y: box.y + box.height * pose.along };

  let best = { score: -1, scale: largest, x: box.x + box.width / 2, y: box.y + box.height / 2 };
  for (let k = 0, scale = largest; k < SIZES; k++, scale *= SHRINK) {
    if (scale < best.score) break;
    // Centres at which the thing stays within the hole's box.
    const [roomX, roomY] = [box.width - scale * wide, box.height - scale * high];
    for (let row = 0; row < PLACES; row++) {
      for (let column = 0; column < PLACES; column++) {
        const x = box.x + (scale * wide) / 2 + (roomX * column) / (PLACES - 1);
        const y = box.y + (scale * high) / 2 + (roomY * row) / (PLACES - 1);
        const away = Math.hypot(x - wanted.x, y - wanted.y) / Math.max(box.width, box.height);
        const inside = partInside(points, hole, { x, y }, scale);
        const score = scale * inside ** CUT_POWER * (1 - AWAY * away);
        if (score > best.score) best = { score, scale, x, y };
      }
    }
  }
  return placementAt(bounds, best, best.scale * pose.size, pose);
}

/** Points of the thing about its centre, leant and mirrored, `step` of the matte's pixels apart. */
function thingPoints(matte: Matte, bounds: Rect, pose: Pose, step: number): Point[] {
  const [cos, sin] = [Math.cos(pose.lean), Math.sin(pose.lean)];
  const points: Point[] = [];
  for (let row = step / 2; row < bounds.height; row += step) {
    for (let column = step / 2; column < bounds.width; column += step) {
      const at = Math.floor(bounds.y + row) * matte.width + Math.floor(bounds.x + column);
      if ((matte.cover[at] ?? 0) < THING) continue;
      const x = (pose.isMirrored ? -1 : 1) * (column - bounds.width / 2);
      const y = row - bounds.height / 2;
      points.push({ x: cos * x - sin * y, y: sin * x + cos * y });
    }
  }
  return points;
}

/** From the outermost point on one side to that on the other, twice the farther from the centre. */
function extent(points: readonly Point[], axis: 'x' | 'y'): number {
  return 2 * points.reduce((most, point) => Math.max(most, Math.abs(point[axis])), 0);
}

/** @param scale image pixels for each of the matte's */
function partInside(points: readonly Point[], hole: Mask, centre: Point, scale: number): number {
  let count = 0;
  for (const point of points) {
    const x = Math.floor(centre.x + scale * point.x);
    const y = Math.floor(centre.y + scale * point.y);
    const isInside = x >= 0 && y >= 0 && x < hole.width && y < hole.height;
    if (isInside && hole.data[y * hole.width + x] !== 0) count++;
  }
  return count / points.length;
}

/** The image's pixels in the matte's. @param scale image pixels for each of the matte's */
function placementAt(bounds: Rect, centre: Point, scale: number, pose: Pose): Placement {
  const [cos, sin] = [Math.cos(pose.lean) / scale, Math.sin(pose.lean) / scale];
  const facing = pose.isMirrored ? -1 : 1;
  const middle = { x: bounds.x + bounds.width / 2 - 0.5, y: bounds.y + bounds.height / 2 - 0.5 };
  return (column, row) => {
    const [dx, dy] = [column + 0.5 - centre.x, row + 0.5 - centre.y];
    return [middle.x + facing * (cos * dx + sin * dy), middle.y + cos * dy - sin * dx];
  };
}
