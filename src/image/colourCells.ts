/** A crop in square cells: which are outside the mask, which inside, where the border runs, and their mean colours. */
import type { Size } from './geometry';
import type { Pixels } from './raster';

export interface Cells extends Size {
  /** [height × width] of `OUTSIDE`, `MIXED`, `INSIDE` */
  kinds: Uint8Array;
}

export const OUTSIDE = 0;
export const MIXED = 1;
export const INSIDE = 2;

/** A place where the border is crossed along a row or a column of cells. */
export interface Border {
  /** The cell that the border runs through, or the first one inside. */
  cell: number;
  /** Cells near it on both sides, and how far from it they are: outside negative, in cells. */
  outside: { cell: number; place: number }[];
  inside: { cell: number; place: number }[];
}

/** Cells that a border may run through between inside and outside, along a row or a column. */
const MAX_MIXED = 3;
/** Cells on either side that show how the image continues there. */
const SIDE_CELLS = 3;

/** @param weights 0 outside the mask. [size.height × size.width] */
export function cellKinds(size: Size, weights: Uint8Array, cell: number): Cells {
  const width = Math.ceil(size.width / cell);
  const height = Math.ceil(size.height / cell);
  const painted = new Uint32Array(width * height);
  for (let y = 0; y < size.height; y++) {
    const row = Math.floor(y / cell) * width;
    const start = y * size.width;
    for (let column = 0; column < width; column++) {
      const end = Math.min(size.width, (column + 1) * cell);
      let count = 0;
      for (let x = column * cell; x < end; x++) if (weights[start + x] !== 0) count += 1;
      painted[row + column] = (painted[row + column] ?? 0) + count;
    }
  }
  const kinds = Uint8Array.from(painted, (count, i) => {
    if (count === 0) return OUTSIDE;
    const across = Math.min(cell, size.width - (i % width) * cell);
    const down = Math.min(cell, size.height - Math.floor(i / width) * cell);
    return count === across * down ? INSIDE : MIXED;
  });
  return { width, height, kinds };
}

/** The cells outside the mask at most `reach` cells from it; a diagonal step counts as one. */
export function ringCells(
  { width, height, kinds }: Cells,
  reach: number,
): { cell: number; distance: number }[] {
  const distances = Uint8Array.from(kinds, (kind) => (kind === OUTSIDE ? 255 : 0));
  const relax = (x: number, y: number, steps: readonly (readonly [number, number])[]) => {
    const at = y * width + x;
    for (const [dx, dy] of steps) {
      if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
      const other = (distances[at + dy * width + dx] ?? 255) + 1;
      if (other < (distances[at] ?? 255)) distances[at] = other;
    }
  };
  const before = [
    [-1, 0],
    [-1, -1],
    [0, -1],
    [1, -1],
  ] as const;
  const after = [
    [1, 0],
    [1, 1],
    [0, 1],
    [-1, 1],
  ] as const;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) relax(x, y, before);
  for (let y = height - 1; y >= 0; y--) for (let x = width - 1; x >= 0; x--) relax(x, y, after);
  const ring: { cell: number; distance: number }[] = [];
  distances.forEach((distance, cell) => {
    if (distance > 0 && distance <= reach) ring.push({ cell, distance });
  });
  return ring;
}

/** Every crossing of the border along rows and columns. */
export function findBorders({ width, height, kinds }: Cells): Border[] {
  const borders: Border[] = [];
  const line = (start: number, stride: number, count: number) => {
    const kind = (i: number) => (i >= 0 && i < count ? kinds[start + i * stride] : undefined);
    const cell = (i: number) => start + i * stride;
    /** Cells from `first` on, in steps of `step`, as long as they are of one kind. */
    const side = (first: number, step: 1 | -1, wanted: number) => {
      const run: number[] = [];
      for (let i = first; kind(i) === wanted && run.length <= SIDE_CELLS; i += step) run.push(i);
      // The nearest may hold a little of both sides, where resampling or a latent reached over the border.
      return run.length > SIDE_CELLS ? run.slice(1) : run;
    };
    for (let i = 0; i < count; i++) {
      for (const step of [1, -1] as const) {
        if (kind(i) !== OUTSIDE || kind(i + step) === OUTSIDE) continue;
        let first = i + step;
        while (kind(first) === MIXED && Math.abs(first - i) <= MAX_MIXED) first += step;
        if (kind(first) !== INSIDE) continue;
        const middle = (i + first) / 2;
        const placed = (index: number) => ({ cell: cell(index), place: (index - middle) * step });
        borders.push({
          cell: cell(first - i === step ? first : Math.round(middle)),
          outside: side(i, step === 1 ? -1 : 1, OUTSIDE).map(placed),
          inside: side(first, step, INSIDE).map(placed),
        });
      }
    }
  };
  for (let y = 0; y < height; y++) line(y * width, 1, width);
  for (let x = 0; x < width; x++) line(x, width, height);
  return borders;
}

type Colour = readonly [number, number, number];

/** Mean colours of cells, computed when first asked for; null if any pixel of the cell is transparent. */
export function cellMeans(base: Pixels, patch: Pixels, cell: number) {
  const columns = Math.ceil(patch.width / cell);
  const cached = new Map<number, { drift: Colour | null; answer: Colour } | null>();
  const compute = (index: number) => {
    const left = (index % columns) * cell;
    const top = Math.floor(index / columns) * cell;
    const right = Math.min(patch.width, left + cell);
    const bottom = Math.min(patch.height, top + cell);
    let [red, green, blue, baseRed, baseGreen, baseBlue] = [0, 0, 0, 0, 0, 0];
    let opaque = true;
    for (let y = top; y < bottom; y++) {
      for (let i = (y * patch.width + left) * 4, end = (y * patch.width + right) * 4; i < end; i += 4) {
        if (patch.data[i + 3] !== 255) return null;
        if (base.data[i + 3] !== 255) opaque = false;
        red += patch.data[i] ?? 0;
        green += patch.data[i + 1] ?? 0;
        blue += patch.data[i + 2] ?? 0;
        baseRed += base.data[i] ?? 0;
        baseGreen += base.data[i + 1] ?? 0;
        baseBlue += base.data[i + 2] ?? 0;
      }
    }
    const count = (right - left) * (bottom - top);
    const drift = [(baseRed - red) / count, (baseGreen - green) / count, (baseBlue - blue) / count] as const;
    return {
      drift: opaque ? drift : null,
      answer: [red / count, green / count, blue / count] as const,
    };
  };
  const of = (index: number) => {
    let found = cached.get(index);
    if (found === undefined) {
      found = compute(index);
      cached.set(index, found);
    }
    return found;
  };
  return {
    /** Picture minus answer. */
    drift: (index: number) => of(index)?.drift ?? null,
    answer: (index: number) => of(index)?.answer ?? null,
  };
}
