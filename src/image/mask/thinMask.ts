/**
 * A mask thinner than a cell (a wire, a scratch, a hair) has no inside that could be extended to the border. There the
 * result's surroundings on all sides, as a plane through their cells, say what it would show, and the
 * masked pixels by how much it does not.
 */
import { type Cells, INSIDE, MIXED, OUTSIDE } from '../colourCells';
import type { Pixels } from '../raster';

export interface ThinSample {
  cell: number;
  /** Levels by which the surroundings are above the result in the mask: red, green, blue. */
  step: readonly [number, number, number];
  /** Variance of the step as it is known. Levels². */
  uncertainty: number;
}

/** Cells around a thin part that tell what it would show; with one whole cell of inside as near, it is not thin. */
const REACH = 4;
const INSIDE_REACH = 3;
/** Fewer cells than these make no plane. */
const MIN_CELLS = 6;
/** Added to the squares of places, in cells: surroundings on one line have no slope across it. */
const RIDGE = 0.5;

/**
 * @param weights how much of the answer each pixel takes; 0 outside the mask. [height × width]
 * @param answer the result's mean colours of whole cells; null if they are not opaque
 */
export function thinSamples(
  cells: Cells,
  patch: Pixels,
  weights: Uint8Array,
  cell: number,
  answer: (cell: number) => ThinSample['step'] | null,
): ThinSample[] {
  const { width, height, kinds } = cells;
  const samples: ThinSample[] = [];
  /** Cells at most `reach` away, diagonals counting as one. */
  const around = (of: number, reach: number): number[] => {
    const [x, y] = [of % width, Math.floor(of / width)];
    const found: number[] = [];
    for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row++) {
      for (let column = Math.max(0, x - reach); column <= Math.min(width - 1, x + reach); column++)
        found.push(row * width + column);
    }
    return found;
  };
  kinds.forEach((kind, at) => {
    if (kind !== MIXED || around(at, INSIDE_REACH).some((near) => kinds[near] === INSIDE)) return;
    const inner = maskedMean(patch, weights, at, cell, width);
    if (!inner) return;
    const outside = around(at, REACH).filter((near) => kinds[near] === OUTSIDE);
    // The nearest may show some of what was painted inside.
    const far = outside.filter((near) => around(near, 1).every((next) => kinds[next] === OUTSIDE));
    const points = (far.length >= MIN_CELLS ? far : outside).flatMap((near) => {
      const value = answer(near);
      return value ? [{ x: (near % width) + 0.5, y: Math.floor(near / width) + 0.5, value }] : [];
    });
    if (points.length < MIN_CELLS) return;
    const fitted = planeAt(points, inner.x / cell, inner.y / cell);
    const [red, green, blue] = fitted.value;
    samples.push({
      cell: at,
      step: [red - inner.value[0], green - inner.value[1], blue - inner.value[2]],
      // A few pixels are known less well than a cell of them.
      uncertainty: fitted.variance * (fitted.leverage + (cell * cell) / inner.count),
    });
  });
  return samples;
}

/** The mean of a cell's masked pixels and their centre, in pixels; null if one is transparent. */
function maskedMean(patch: Pixels, weights: Uint8Array, index: number, cell: number, columns: number) {
  const left = (index % columns) * cell;
  const top = Math.floor(index / columns) * cell;
  let [x, y, sum, count, red, green, blue] = [0, 0, 0, 0, 0, 0, 0];
  for (let row = top; row < Math.min(patch.height, top + cell); row++) {
    for (let column = left; column < Math.min(patch.width, left + cell); column++) {
      const pixel = row * patch.width + column;
      const weight = weights[pixel] ?? 0;
      if (weight === 0) continue;
      const { data } = patch;
      if (data[pixel * 4 + 3] !== 255) return null;
      x += weight * (column + 0.5);
      y += weight * (row + 0.5);
      red += weight * (data[pixel * 4] ?? 0);
      green += weight * (data[pixel * 4 + 1] ?? 0);
      blue += weight * (data[pixel * 4 + 2] ?? 0);
      sum += weight;
      count += 1;
    }
  }
  return { x: x / sum, y: y / sum, count, value: [red / sum, green / sum, blue / sum] as const };
}

/** A plane fitted by least squares, at one place: its value, the variance of one point, and what that counts for there. */
function planeAt(
  points: readonly { x: number; y: number; value: ThinSample['step'] }[],
  x: number,
  y: number,
) {
  const mean = (pick: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [mx, my] = [mean((point) => point.x), mean((point) => point.y)];
  let [xx, xy, yy] = [RIDGE, 0, RIDGE];
  for (const point of points) {
    xx += (point.x - mx) ** 2;
    xy += (point.x - mx) * (point.y - my);
    yy += (point.y - my) ** 2;
  }
  const determinant = xx * yy - xy * xy;
  const [dx, dy] = [x - mx, y - my];
  const leverage = 1 / points.length + (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / determinant;
  const value: [number, number, number] = [0, 0, 0];
  let residue = 0;
  for (let c = 0; c < 3; c++) {
    const middle = mean((point) => point.value[c] ?? 0);
    let [sx, sy] = [0, 0];
    for (const point of points) {
      const away = (point.value[c] ?? 0) - middle;
      sx += (point.x - mx) * away;
      sy += (point.y - my) * away;
    }
    const across = (yy * sx - xy * sy) / determinant;
    const down = (xx * sy - xy * sx) / determinant;
    value[c] = middle + across * dx + down * dy;
    for (const point of points)
      residue += ((point.value[c] ?? 0) - middle - across * (point.x - mx) - down * (point.y - my)) ** 2;
  }
  return { value, leverage, variance: residue / (3 * (points.length - 3)) };
}
