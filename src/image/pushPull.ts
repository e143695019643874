/**
 * Smooth interpolation of scattered values: push and pull (Gortler et al., "The Lumigraph", 1996, 3.4). Values are
 * averaged into ever coarser levels until everything is known, then handed down to pixels of which little or nothing was.
 */
import type { Size } from './geometry';

/** Three values a cell, and how far each cell is known. */
export interface Samples extends Size {
  /** [height × width × 3], undefined in meaning where `weights` is 0 */
  values: Float32Array;
  /** 0: nothing is known here … 1: the value is kept as it is. [height × width] */
  weights: Float32Array;
}

export function createSamples({ width, height }: Size): Samples {
  const values = new Float32Array(width * height * 3);
  return { width, height, values, weights: new Float32Array(width * height) };
}

/**
 * Fills all cells of `samples.values`, in place.
 * @param beyond the value to use if even the whole is not fully known
 */
export function pushPull(samples: Samples, beyond: number): void {
  const levels = [samples];
  for (let top = samples; top.width > 1 || top.height > 1; levels.push(top)) top = coarser(top);
  const coarsest = levels.at(-1) ?? samples;
  const known = coarsest.weights[0] ?? 0;
  coarsest.values.forEach((value, c) => {
    coarsest.values[c] = known * value + (1 - known) * beyond;
  });
  for (let i = levels.length - 2; i >= 0; i--) {
    const [fine, coarse] = [levels[i], levels[i + 1]];
    if (fine && coarse) handDown(coarse, fine);
  }
}

function coarser(fine: Samples): Samples {
  const coarse = createSamples({ width: Math.ceil(fine.width / 2), height: Math.ceil(fine.height / 2) });
  const { values, weights, width } = coarse;
  for (let y = 0; y < fine.height; y++) {
    for (let x = 0; x < fine.width; x++) {
      const from = y * fine.width + x;
      const share = fine.weights[from] ?? 0;
      if (share === 0) continue;
      const to = (y >> 1) * width + (x >> 1);
      weights[to] = (weights[to] ?? 0) + share;
      for (let c = 0; c < 3; c++) {
        values[to * 3 + c] = (values[to * 3 + c] ?? 0) + share * (fine.values[from * 3 + c] ?? 0);
      }
    }
  }
  for (let i = 0; i < weights.length; i++) {
    const sum = weights[i] ?? 0;
    if (sum === 0) continue;
    for (let c = 0; c < 3; c++) values[i * 3 + c] = (values[i * 3 + c] ?? 0) / sum;
    // A cell that is fully known in one place is known: near values count, not many.
    weights[i] = Math.min(1, sum);
  }
  return coarse;
}

/** Bilinear from the coarse level, so that no squares show. */
function handDown(coarse: Samples, fine: Samples): void {
  for (let y = 0; y < fine.height; y++) {
    const v = Math.min(coarse.height - 1, Math.max(0, (y - 0.5) / 2));
    const top = Math.floor(v);
    const bottom = Math.min(coarse.height - 1, top + 1);
    for (let x = 0; x < fine.width; x++) {
      const at = y * fine.width + x;
      const known = fine.weights[at] ?? 0;
      if (known === 1) continue;
      const u = Math.min(coarse.width - 1, Math.max(0, (x - 0.5) / 2));
      const left = Math.floor(u);
      const right = Math.min(coarse.width - 1, left + 1);
      for (let c = 0; c < 3; c++) {
        const sample = (row: number, column: number) =>
          coarse.values[(row * coarse.width + column) * 3 + c] ?? 0;
        const above = sample(top, left) + (sample(top, right) - sample(top, left)) * (u - left);
        const below = sample(bottom, left) + (sample(bottom, right) - sample(bottom, left)) * (u - left);
        const handed = above + (below - above) * (v - top);
        fine.values[at * 3 + c] = known * (fine.values[at * 3 + c] ?? 0) + (1 - known) * handed;
      }
    }
  }
}
