/** How good a fill is, in figures. */
import type { Mask, Pixels } from '../../src/image/raster';

export interface Score {
  /** Mean difference from the truth in the hole, of 255. */
  error: number;
  /** Gradient energy in the hole against the truth's: 1 is right, a blur is near 0. */
  gradient: number;
  /** The step across the hole's border against the truth's at the same place: 1 is right, more is a seam. */
  seam: number;
}

export function score(filled: Pixels, truth: Pixels, hole: Mask): Score {
  return {
    error: meanError(filled, truth, hole),
    gradient: gradientEnergy(filled, hole) / gradientEnergy(truth, hole),
    seam: borderStep(filled, hole) / borderStep(truth, hole),
  };
}

export function meanError(a: Pixels, b: Pixels, hole: Mask): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < hole.data.length; i++) {
    if ((hole.data[i] ?? 0) === 0) continue;
    for (let c = 4 * i; c < 4 * i + 3; c++) sum += Math.abs((a.data[c] ?? 0) - (b.data[c] ?? 0));
    count += 3;
  }
  return sum / count;
}

/** Mean of |∂x| + |∂y| of the mean of red, green and blue, by forward differences over the hole. */
function gradientEnergy(pixels: Pixels, hole: Mask): number {
  const grey = greyOf(pixels);
  const { width, height } = pixels;
  let [sum, count] = [0, 0];
  for (let y = 0; y < height - 1; y++) {
    for (let x = 0; x < width - 1; x++) {
      const i = y * width + x;
      if ((hole.data[i] ?? 0) === 0) continue;
      const [here = 0, right = 0, below = 0] = [grey[i], grey[i + 1], grey[i + width]];
      sum += Math.abs(right - here) + Math.abs(below - here);
      count++;
    }
  }
  return sum / count;
}

/** Mean of |∂| of the same, between neighbours of which one lies in the hole. */
function borderStep(pixels: Pixels, hole: Mask): number {
  const grey = greyOf(pixels);
  const { width, height } = pixels;
  let [sum, count] = [0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      for (const next of [x + 1 < width ? i + 1 : -1, y + 1 < height ? i + width : -1]) {
        if (next === -1 || (hole.data[i] ?? 0) === (hole.data[next] ?? 0)) continue;
        sum += Math.abs((grey[next] ?? 0) - (grey[i] ?? 0));
        count++;
      }
    }
  }
  return sum / count;
}

function greyOf({ data }: Pixels): Float32Array {
  return Float32Array.from(
    { length: data.length / 4 },
    (_, i) => ((data[4 * i] ?? 0) + (data[4 * i + 1] ?? 0) + (data[4 * i + 2] ?? 0)) / 3,
  );
}

/** What a smooth fill gives: Laplace's equation in the hole, solved by relaxation. */
export function laplaceFill(image: Pixels, hole: Mask): Pixels {
  const { width, height } = image;
  const data = new Uint8ClampedArray(image.data);
  const inside = [...hole.data.keys()].filter((i) => (hole.data[i] ?? 0) > 0);
  for (let c = 0; c < 3; c++) {
    const values = Float32Array.from(hole.data, (value, i) =>
      value > 0 ? 128 : (image.data[4 * i + c] ?? 0),
    );
    // Over-relaxed (Young 1954): 400 passes settle a hole of this size to well below a level.
    for (let pass = 0; pass < 400; pass++) {
      for (const i of inside) {
        const x = i % width;
        let [sum, count] = [0, 0];
        for (const next of [x > 0 ? i - 1 : -1, x + 1 < width ? i + 1 : -1, i - width, i + width]) {
          if (next < 0 || next >= width * height) continue;
          sum += values[next] ?? 0;
          count++;
        }
        values[i] = (values[i] ?? 0) + 1.9 * (sum / count - (values[i] ?? 0));
      }
    }
    for (const i of inside) data[4 * i + c] = values[i] ?? 0;
  }
  return { width, height, data };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
