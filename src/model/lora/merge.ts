/** The arithmetic of a merge: W + scale · up · down, in float32, in the weight's own array. */

export interface Factors {
  /** [out, rank], row after row. */
  up: Float32Array;
  /** [rank, in · height · width]; with `mid` [rank, in]. */
  down: Float32Array;
  /** [rank, rank, height · width] */
  mid?: Float32Array;
  rank: number;
  scale: number;
}

/**
 * Adds the product of the factors to a weight.
 * @param weight [out, in, height, width] or [out, in], row after row; changed in place
 * @param out rows of the weight
 */
export function addProduct(weight: Float32Array, out: number, factors: Factors): void {
  if (factors.mid === undefined) addPlain(weight, out, factors);
  else addTucker(weight, out, { ...factors, mid: factors.mid });
}

/** Columns at a time: so much of `down` stays in the processor's cache while all rows go over it. */
const TILE = 512;

function addPlain(weight: Float32Array, out: number, { up, down, rank, scale }: Factors): void {
  const width = weight.length / out;
  for (let from = 0; from < width; from += TILE) {
    const to = Math.min(width, from + TILE);
    for (let o = 0; o < out; o++) addRow(weight, o * width, from, to, up, o * rank, down, width, rank, scale);
  }
}

/**
 * row += scale · (factors · matrix), columns `from` … `to`. Four rows of the matrix at a time: each value of the row is
 * then touched less.
 */
function addRow(
  target: Float32Array,
  start: number,
  from: number,
  to: number,
  factors: Float32Array,
  first: number,
  matrix: Float32Array,
  width: number,
  rank: number,
  scale: number,
): void {
  let r = 0;
  for (; r + 4 <= rank; r += 4) {
    const a = scale * (factors[first + r] as number);
    const b = scale * (factors[first + r + 1] as number);
    const c = scale * (factors[first + r + 2] as number);
    const d = scale * (factors[first + r + 3] as number);
    const at = r * width;
    for (let i = from; i < to; i++) {
      target[start + i] =
        (target[start + i] as number) +
        a * (matrix[at + i] as number) +
        b * (matrix[at + width + i] as number) +
        c * (matrix[at + 2 * width + i] as number) +
        d * (matrix[at + 3 * width + i] as number);
    }
  }
  for (; r < rank; r++) {
    const a = scale * (factors[first + r] as number);
    for (let i = from; i < to; i++) {
      target[start + i] = (target[start + i] as number) + a * (matrix[r * width + i] as number);
    }
  }
}

/** W[o, i, p] += scale · Σ_ab up[o, a] · mid[a, b, p] · down[b, i], as LyCORIS rebuilds it. */
function addTucker(
  weight: Float32Array,
  out: number,
  { up, down, mid, rank, scale }: Factors & { mid: Float32Array },
): void {
  const inputs = down.length / rank;
  const places = mid.length / (rank * rank);
  const kernel = new Float32Array(rank * places); // [rank, places]: one row of up · mid
  for (let o = 0; o < out; o++) {
    kernel.fill(0);
    addRow(kernel, 0, 0, rank * places, up, o * rank, mid, rank * places, rank, scale);
    for (let b = 0; b < rank; b++) {
      for (let i = 0; i < inputs; i++) {
        const factor = down[b * inputs + i] as number;
        const at = (o * inputs + i) * places;
        for (let p = 0; p < places; p++) {
          weight[at + p] = (weight[at + p] as number) + factor * (kernel[b * places + p] as number);
        }
      }
    }
  }
}
