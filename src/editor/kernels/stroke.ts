/**
 * Strokes: a brush drawn along a segment is the union of its dabs. A dab is full up to its hardness's share of the radius
 * and falls smoothly to nothing at the radius. Dabs combine by maximum, so that painting over a place twice, or at another
 * speed, gives the same mask.
 */
import {
  intersectRect,
  type Point,
  type Rect,
  rectOfSize,
  roundOutRect,
  type Size,
} from '../../image/geometry';
import type { Mask } from '../../image/raster';

export interface Segment {
  /** Image points. */
  from: Point;
  to: Point;
  /** The brush's radius where the segment starts, in image pixels. */
  radius: number;
  /** The radius where it ends, if that differs because of pen pressure. */
  toRadius?: number;
  /** Share of the radius that is full, 0 … 1; 1 (the default) is a hard edge. */
  hardness?: number;
}

/** The whole pixels that a segment can touch, inside the image. */
export function segmentBounds({ from, to, radius, toRadius = radius }: Segment, imageSize: Size): Rect {
  const x = Math.min(from.x - radius, to.x - toRadius);
  const y = Math.min(from.y - radius, to.y - toRadius);
  return intersectRect(
    roundOutRect({
      x,
      y,
      width: Math.max(from.x + radius, to.x + toRadius) - x,
      height: Math.max(from.y + radius, to.y + toRadius) - y,
    }),
    rectOfSize(imageSize),
  );
}

/** Steps of the table from (distance / radius)² to a value. */
const PROFILE_STEPS = 4096;
let profile = { hardness: 1, values: profileOf(1) };

/**
 * A dab's value over the squared share of its radius: 255 up to `hardness`, then 1 − smoothstep down to 0 at
 * the radius. Hard brushes are 255 up to and including the radius.
 * @returns [PROFILE_STEPS + 1]
 */
function profileOf(hardness: number): Uint8Array {
  return Uint8Array.from({ length: PROFILE_STEPS + 1 }, (_, i) => {
    if (hardness >= 1) return 255;
    const t = Math.max(0, (Math.sqrt(i / PROFILE_STEPS) - hardness) / (1 - hardness));
    return Math.round(255 * (1 - t * t * (3 - 2 * t)));
  });
}

/**
 * Paints or erases along a segment. A pixel takes the value of the dab that covers its centre best: painting raises the
 * mask to that value, erasing lowers the mask to 255 minus that value.
 * @param mode 255 paints, 0 erases
 * @returns the bounds of what may have changed
 */
export function paintSegment(mask: Mask, segment: Segment, mode: 0 | 255): Rect {
  const bounds = segmentBounds(segment, mask);
  const { from, to, radius, toRadius = radius, hardness = 1 } = segment;
  if (radius === toRadius && hardness >= 1) paintHard(mask, bounds, from, to, radius, mode);
  else {
    if (profile.hardness !== hardness) profile = { hardness, values: profileOf(hardness) };
    paintSoft(mask, bounds, segment, profile.values, mode);
  }
  return bounds;
}

/**
 * A hard brush of one radius is convex, so each row of it is one run: its ends are searched by halving and its
 * inside is filled at once, which keeps brushes of 1000 pixels fast.
 */
function paintHard(mask: Mask, bounds: Rect, from: Point, to: Point, radius: number, mode: 0 | 255): void {
  const alongX = to.x - from.x;
  const alongY = to.y - from.y;
  const squaredLength = alongX * alongX + alongY * alongY;
  const covers = (x: number, y: number) => {
    const px = x + 0.5 - from.x;
    const py = y + 0.5 - from.y;
    // Where along the segment, from 0 to 1, the nearest point lies.
    const t = squaredLength === 0 ? 0 : Math.min(1, Math.max(0, (px * alongX + py * alongY) / squaredLength));
    const dx = px - t * alongX;
    const dy = py - t * alongY;
    return dx * dx + dy * dy <= radius * radius;
  };
  const left = bounds.x;
  const right = bounds.x + bounds.width - 1;
  for (let y = bounds.y; y < bounds.y + bounds.height; y++) {
    // The distance along a row is convex and smallest here: if the row is covered at all, it is next to this point.
    const t = alongY === 0 ? 0 : Math.min(1, Math.max(0, (y + 0.5 - from.y) / alongY));
    const nearest = Math.floor(from.x + t * alongX - 0.5);
    let seed = Math.min(right, Math.max(left, nearest));
    if (!covers(seed, y)) seed = Math.min(right, Math.max(left, nearest + 1));
    if (!covers(seed, y)) continue;
    const edge = (outside: number) => {
      let [inside, beyond] = [seed, outside];
      while (Math.abs(beyond - inside) > 1) {
        const half = (inside + beyond) >> 1;
        if (covers(half, y)) inside = half;
        else beyond = half;
      }
      return inside;
    };
    mask.data.fill(mode, y * mask.width + edge(left - 1), y * mask.width + edge(right + 1) + 1);
  }
}

/** Pixel by pixel: soft edges, or a radius that changes along the way. */
function paintSoft(mask: Mask, bounds: Rect, segment: Segment, values: Uint8Array, mode: 0 | 255): void {
  const { from, to, radius, toRadius = radius } = segment;
  const alongX = to.x - from.x;
  const alongY = to.y - from.y;
  const squaredLength = alongX * alongX + alongY * alongY;
  const grows = toRadius - radius;
  const share = (squaredDistance: number, r: number) => squaredDistance / (r * r);
  for (let y = bounds.y; y < bounds.y + bounds.height; y++) {
    const py = y + 0.5 - from.y;
    for (let x = bounds.x; x < bounds.x + bounds.width; x++) {
      const px = x + 0.5 - from.x;
      const t =
        squaredLength === 0 ? 0 : Math.min(1, Math.max(0, (px * alongX + py * alongY) / squaredLength));
      const dx = px - t * alongX;
      const dy = py - t * alongY;
      let nearest = share(dx * dx + dy * dy, radius + t * grows);
      if (grows !== 0) {
        // The dabs at both ends may reach further than the one next to the pixel.
        const ex = px - alongX;
        const ey = py - alongY;
        nearest = Math.min(nearest, share(px * px + py * py, radius), share(ex * ex + ey * ey, toRadius));
      }
      if (nearest > 1) continue;
      const value = values[Math.round(nearest * PROFILE_STEPS)] ?? 0;
      const at = y * mask.width + x;
      const before = mask.data[at] ?? 0;
      if (mode === 255) {
        if (value > before) mask.data[at] = value;
      } else if (255 - value < before) mask.data[at] = 255 - value;
    }
  }
}
