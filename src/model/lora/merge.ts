/** The arithmetic of a merge: W + scale · up · down, in float32, in the weight's own array. */

/** Matrix products, row-major, by whatever multiplies fastest here. */
export interface MatrixProduct {
  /**
   * target += left · right
   * @param target [rows, width]; changed in place
   * @param left [rows, rank]
   * @param right [rank, width]
   */
  addTo(target: Float32Array, left: Float32Array, right: Float32Array, rank: number): Promise<void>;
}

export interface Factors {
  /** [out, rank], row-major. */
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
 */
export async function addFactors(
  product: MatrixProduct,
  weight: Float32Array,
  { up, down, mid, rank, scale }: Factors,
): Promise<void> {
  const scaled = up.map((value) => scale * value);
  if (mid === undefined) await product.addTo(weight, scaled, down, rank);
  else await addTucker(product, weight, { up: scaled, down, mid, rank });
}

/** W[o, i, p] += Σ_ab up[o, a] · mid[a, b, p] · down[b, i], as LyCORIS rebuilds it. */
async function addTucker(
  product: MatrixProduct,
  weight: Float32Array,
  { up, down, mid, rank }: Omit<Factors, 'scale'> & { mid: Float32Array },
): Promise<void> {
  const [out, inputs, places] = [up.length / rank, down.length / rank, mid.length / (rank * rank)];
  const inner = new Float32Array(out * rank * places); // [out, b, p]: up · mid
  await product.addTo(inner, up, mid, rank);
  const turned = exchanged(inner, rank, places); // [out, p, b]
  const change = new Float32Array(out * places * inputs); // [out, p, in]
  await product.addTo(change, turned, down, rank);
  const inOrder = exchanged(change, places, inputs); // [out, in, p]
  for (let i = 0; i < weight.length; i++) weight[i] = (weight[i] as number) + (inOrder[i] as number);
}

/** Swaps the last two axes, of `rows` and `columns`. */
function exchanged(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  const plane = rows * columns;
  for (let start = 0; start < values.length; start += plane) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++)
        result[start + column * rows + row] = values[start + row * columns + column] as number;
    }
  }
  return result;
}
