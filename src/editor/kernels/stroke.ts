/** Strokes: a brush drawn along a segment is the union of its dabs, which is a capsule, exactly. */
import { intersectRect, type Point, type Rect, rectOfSize, roundOutRect, type Size } from './geometry';
import type { Mask } from './raster';

export interface Segment {
  /** Image points. */
  from: Point;
  to: Point;
  /** Of the brush, in image pixels. */
  radius: number;
}

/** The whole pixels that a segment can touch, inside the picture. */
export function segmentBounds({ from, to, radius }: Segment, imageSize: Size): Rect {
  const x = Math.min(from.x, to.x) - radius;
  const y = Math.min(from.y, to.y) - radius;
  return intersectRect(
    roundOutRect({
      x,
      y,
      width: Math.abs(from.x - to.x) + 2 * radius,
      height: Math.abs(from.y - to.y) + 2 * radius,
    }),
    rectOfSize(imageSize),
  );
}

/**
 * Sets every pixel whose centre is at most `radius` from the segment.
 * @param value 255 paints, 0 erases
 * @returns the bounds of what may have changed
 */
export function paintSegment(mask: Mask, segment: Segment, value: 0 | 255): Rect {
  const bounds = segmentBounds(segment, mask);
  const { from, to, radius } = segment;
  const alongX = to.x - from.x;
  const alongY = to.y - from.y;
  const squaredLength = alongX * alongX + alongY * alongY;
  for (let y = bounds.y; y < bounds.y + bounds.height; y++) {
    for (let x = bounds.x; x < bounds.x + bounds.width; x++) {
      const px = x + 0.5 - from.x;
      const py = y + 0.5 - from.y;
      // Where along the segment, from 0 to 1, the nearest point lies.
      const t =
        squaredLength === 0 ? 0 : Math.min(1, Math.max(0, (px * alongX + py * alongY) / squaredLength));
      const dx = px - t * alongX;
      const dy = py - t * alongY;
      if (dx * dx + dy * dy <= radius * radius) mask.data[y * mask.width + x] = value;
    }
  }
  return bounds;
}
