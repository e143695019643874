/**
 * Matches the result's colours to the image's along the mask's border, before the two are blended.
 *
 * Two things make a seam. Outside the mask the result re-encodes the image: what differs there is the drift of the
 * model's colours, which continues inside (`drift`). And a result may change at the border itself, where a model or a
 * service kept the surroundings and painted the inside apart: its own course on either side, carried to the border,
 * shows by how much (`step`). Both are measured in cells of a few of the model's pixels, believed as far as most of
 * the border agrees, and spread over the inside smoothly; where the mask is thinner than a cell, its surroundings on all
 * sides take the place of the course inside (thinMask.ts). What the answer really shows differently at the border, a red
 * ball on a grey wall, is an outlier among them and tints nothing.
 */

import { type Border, cellKinds, cellMeans, findBorders, ringCells } from './colourCells';
import type { Size } from './geometry';
import { smoothStep } from './interpolate';
import { thinSamples } from './mask/thinMask';
import { createSamples, pushPull, type Samples } from './pushPull';
import { createPixels, type Pixels } from './raster';

/** A cell's side in the model's pixels: half a latent's. */
const CELL_MODEL_PIXELS = 4;
/** Cells around the mask whose drift counts; the first one may show some of what was painted inside. */
const RING = { from: 2, to: 6 };
/** Fewer samples than these tell nothing of the rest. */
const MIN_SAMPLES = 4;
/** A sample's share in its cell of the field: the rest comes from its neighbours, which smooths it. */
const TRUST = 0.25;
/** Levels. Differences up to the first count whole, from the second on they are another thing and not another colour. */
const DRIFT_LIMITS = [40, 80] as const;
const STEP_LIMITS = [28, 56] as const;
/** Levels by which steps are expected to vary: those measured less exactly, in rough texture, count less. */
const STEP_SPREAD = 4;
/** Samples more than this many deviations from the median do not count. */
const OUTLIER = 4;
/** Levels: a border that agrees better than this is not asked to. */
const MIN_DEVIATION = 4;
/** Shares of samples that agree: below the first nothing is matched, from the second on all. */
const AGREEMENT = [0.35, 0.6] as const;

interface Sample {
  cell: number;
  /** Levels to add to the answer: red, green, blue. */
  value: readonly [number, number, number];
  /** How well it is known, 0 … 1. */
  weight: number;
}

/** @returns image pixels, ≥ 1 */
export function matchCell(plan: { frame: Size; size: Size }): number {
  return Math.max(1, Math.round((CELL_MODEL_PIXELS * plan.frame.width) / plan.size.width));
}

/**
 * The result with its colours moved towards the image's where it will be seen. Alpha stays. Nothing changes if the border
 * says nothing: there is none in the crop, or most of it disagrees.
 * @param base the image's own pixels, of the result's size
 * @param weights how much of the answer each pixel takes; 0 outside the mask. [height × width]
 * @param cell image pixels, from `matchCell`
 * @returns a new image, or `patch` itself if there is nothing to match
 */
export function matchColours(base: Pixels, patch: Pixels, weights: Uint8Array, cell: number): Pixels {
  const cells = cellKinds(patch, weights, cell);
  const means = cellMeans(base, patch, cell);
  const field = createSamples(cells);
  const drifts = driftSamples(ringCells(cells, RING.to), means.drift);
  const steps = [
    ...findBorders(cells).flatMap((border) => stepSample(border, means.answer) ?? []),
    ...thinSamples(cells, patch, weights, cell, means.answer).map(({ cell: at, step, uncertainty }) => ({
      cell: at,
      value: step,
      weight: trust(uncertainty),
    })),
  ];
  const matched = [addField(field, drifts, DRIFT_LIMITS), addField(field, steps, STEP_LIMITS)];
  return matched.some(Boolean) ? applyField(field, patch, weights, cell) : patch;
}

function driftSamples(
  ring: readonly { cell: number; distance: number }[],
  drift: (cell: number) => Sample['value'] | null,
): Sample[] {
  const far = ring.filter(({ distance }) => distance >= RING.from);
  return (far.length >= MIN_SAMPLES ? far : ring).flatMap(({ cell }) => {
    const value = drift(cell);
    return value ? [{ cell, value, weight: 1 }] : [];
  });
}

/**
 * The answer's step at a border: two lines of one slope, fitted to the cells on either side by least squares; where
 * they meet the border they are apart by the step.
 */
function stepSample(
  { cell, outside, inside }: Border,
  answer: (cell: number) => Sample['value'] | null,
): Sample | null {
  const sides = [outside, inside].map((side) =>
    side.flatMap(({ cell: at, place }) => {
      const value = answer(at);
      return value ? [{ place, value }] : [];
    }),
  );
  const [out = [], inner = []] = sides;
  if (out.length < 2 || inner.length === 0) return null;
  const mean = (points: typeof out, pick: (point: (typeof out)[number]) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const placeOut = mean(out, ({ place }) => place);
  const placeIn = mean(inner, ({ place }) => place);
  const all = [
    ...out.map((point) => ({ ...point, from: out, away: point.place - placeOut })),
    ...inner.map((point) => ({ ...point, from: inner, away: point.place - placeIn })),
  ];
  const squares = all.reduce((sum, { away }) => sum + away * away, 0);
  const value: [number, number, number] = [0, 0, 0];
  let residue = 0;
  for (let c = 0; c < 3; c++) {
    const channel = ({ value: levels }: { value: Sample['value'] }) => levels[c] ?? 0;
    const means = new Map([out, inner].map((side) => [side, mean(side, channel)]));
    const deviation = (point: (typeof all)[number]) => channel(point) - (means.get(point.from) ?? 0);
    const slope = all.reduce((sum, point) => sum + point.away * deviation(point), 0) / squares;
    value[c] = (means.get(out) ?? 0) - (means.get(inner) ?? 0) - slope * (placeOut - placeIn);
    for (const point of all) residue += (deviation(point) - slope * point.away) ** 2;
  }
  const freedom = 3 * (all.length - 3);
  // Without a residue to judge by, as uncertain as a step is expected to be.
  const variance = freedom > 0 ? residue / freedom : STEP_SPREAD ** 2;
  const gap = placeOut - placeIn;
  const uncertainty = variance * (1 / out.length + 1 / inner.length + (gap * gap) / squares);
  return { cell, value, weight: trust(uncertainty) };
}

/** @param uncertainty variance of a step as it is known @returns 0 … 1 */
function trust(uncertainty: number): number {
  return STEP_SPREAD ** 2 / (STEP_SPREAD ** 2 + uncertainty);
}

/**
 * Adds what the samples agree on to the field.
 * @returns whether there was anything
 */
function addField(field: Samples, samples: readonly Sample[], limits: readonly [number, number]): boolean {
  if (samples.length < MIN_SAMPLES) return false;
  const middle: number[] = [];
  const deviation: number[] = [];
  for (let c = 0; c < 3; c++) {
    const of = (pick: (value: number) => number) =>
      weightedMedian(samples.map(({ value, weight }) => [pick(value[c] ?? 0), weight]));
    const median = of((value) => value);
    middle.push(median);
    // 1.48 of the median deviation is a normal distribution's standard deviation.
    deviation.push(Math.max(MIN_DEVIATION, 1.48 * of((value) => Math.abs(value - median))));
  }
  const own = createSamples(field);
  const counts = new Float32Array(own.weights.length);
  let asked = 0;
  let agreed = 0;
  for (const { cell, value, weight } of samples) {
    const largest = Math.max(...value.map(Math.abs));
    const away = Math.max(...value.map((v, c) => Math.abs(v - (middle[c] ?? 0)) / (deviation[c] ?? 1)));
    // Tukey's biweight: near the median whole, beyond the limit nothing.
    const near = away < OUTLIER ? (1 - (away / OUTLIER) ** 2) ** 2 : 0;
    const counted = weight * near * (1 - smoothStep(...limits, largest));
    asked += weight;
    agreed += counted;
    if (counted === 0) continue;
    for (let c = 0; c < 3; c++)
      own.values[cell * 3 + c] = (own.values[cell * 3 + c] ?? 0) + counted * (value[c] ?? 0);
    counts[cell] = (counts[cell] ?? 0) + counted;
  }
  const belief = asked > 0 ? smoothStep(...AGREEMENT, agreed / asked) : 0;
  if (belief === 0) return false;
  for (let cell = 0; cell < counts.length; cell++) {
    const count = counts[cell] ?? 0;
    if (count === 0) continue;
    for (let c = 0; c < 3; c++) own.values[cell * 3 + c] = (own.values[cell * 3 + c] ?? 0) / count;
    own.weights[cell] = TRUST * Math.min(1, count);
  }
  pushPull(own, 0);
  for (let i = 0; i < field.values.length; i++)
    field.values[i] = (field.values[i] ?? 0) + belief * (own.values[i] ?? 0);
  return true;
}

/** Bilinear between the cells' centres. */
function applyField(field: Samples, patch: Pixels, weights: Uint8Array, cell: number): Pixels {
  const { width, height } = patch;
  const { values } = field;
  const matched = createPixels(patch);
  const { data } = matched;
  data.set(patch.data);
  const columns = Float32Array.from({ length: width }, (_, x) => cellAt(x, cell, field.width));
  for (let y = 0; y < height; y++) {
    const v = cellAt(y, cell, field.height);
    const top = Math.floor(v);
    const down = v - top;
    const upper = top * field.width;
    const lower = Math.min(field.height - 1, top + 1) * field.width;
    for (let x = 0, pixel = y * width; x < width; x++, pixel++) {
      if (weights[pixel] === 0) continue;
      const u = columns[x] ?? 0;
      const left = Math.floor(u);
      const across = u - left;
      const right = Math.min(field.width - 1, left + 1);
      for (let c = 0; c < 3; c++) {
        const a = values[(upper + left) * 3 + c] ?? 0;
        const b = values[(upper + right) * 3 + c] ?? 0;
        const d = values[(lower + left) * 3 + c] ?? 0;
        const e = values[(lower + right) * 3 + c] ?? 0;
        const above = a + (b - a) * across;
        // The clamped array rounds.
        data[pixel * 4 + c] = (data[pixel * 4 + c] ?? 0) + above + (d + (e - d) * across - above) * down;
      }
    }
  }
  return matched;
}

/** A pixel's place between the centres of cells, within the outermost ones. */
function cellAt(pixel: number, cell: number, count: number): number {
  return Math.min(count - 1, Math.max(0, (pixel + 0.5) / cell - 0.5));
}

function weightedMedian(values: [value: number, weight: number][]): number {
  const sorted = values.sort(([a], [b]) => a - b);
  let rest = sorted.reduce((sum, [, weight]) => sum + weight, 0) / 2;
  for (const [value, weight] of sorted) {
    rest -= weight;
    if (rest <= 0) return value;
  }
  return 0;
}
