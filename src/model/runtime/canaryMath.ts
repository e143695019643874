/**
 * The expected results of the canary's layers: the textbook formulas in float64, in plain loops, so that no kernel under
 * test takes part in its own verdict.
 */

export interface Sample {
  dims: readonly number[];
  values: Float32Array<ArrayBuffer>;
}

/** Pseudo-random multiples of `step`, which float16 holds exactly: −64·step … 63·step. */
export function exactValues(dims: readonly number[], seed: number, step = 1 / 64): Sample {
  let state = seed;
  const values = Float32Array.from({ length: dims.reduce((product, size) => product * size, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 25) - 64) * step;
  });
  return { dims, values };
}

const at = (values: ArrayLike<number>, index: number): number => values[index] ?? Number.NaN;

/** 3×3, one row of zeros on every side: x [B, C, h, w], weight [O, C, 3, 3], bias [O] → [B, O, h, w]. */
export function convolution3x3(x: Sample, weight: Sample, bias: Sample): Float64Array {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.dims;
  const out = weight.dims[0] ?? 0;
  const result = new Float64Array(batch * out * height * width);
  let index = 0;
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < out; o++)
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++) {
          let sum = at(bias.values, o);
          for (let c = 0; c < channels; c++)
            for (let tap = 0; tap < 9; tap++) {
              const y = row + Math.floor(tap / 3) - 1;
              const z = column + (tap % 3) - 1;
              if (y < 0 || y >= height || z < 0 || z >= width) continue;
              const pixel = at(x.values, ((b * channels + c) * height + y) * width + z);
              sum += pixel * at(weight.values, (o * channels + c) * 9 + tap);
            }
          result[index++] = sum;
        }
  return result;
}

/** rows [R, I], weight [O, I], bias [O] → [R, O]. */
export function linearRows(rows: Sample, weight: Sample, bias: Sample): Float64Array {
  const [count = 0, inner = 0] = rows.dims;
  const out = weight.dims[0] ?? 0;
  const result = new Float64Array(count * out);
  for (let r = 0; r < count; r++)
    for (let o = 0; o < out; o++) {
      let sum = at(bias.values, o);
      for (let i = 0; i < inner; i++)
        sum += at(rows.values, r * inner + i) * at(weight.values, o * inner + i);
      result[r * out + o] = sum;
    }
  return result;
}

/** Softmax(q·kᵀ/√d)·v per head: query [B, N, W], key and value [B, S, W] → [B, N, W]. */
export function attentionRows(
  { query, key, value }: { query: Sample; key: Sample; value: Sample },
  { heads, causal = false }: { heads: number; causal?: boolean },
): Float64Array {
  const [batch = 0, queries = 0, width = 0] = query.dims;
  const keys = key.dims[1] ?? 0;
  const size = width / heads;
  const result = new Float64Array(batch * queries * width);
  const weights = new Float64Array(keys);
  for (let b = 0; b < batch; b++)
    for (let n = 0; n < queries; n++)
      for (let first = 0; first < width; first += size) {
        const place = (b * queries + n) * width + first;
        const seen = causal ? n + 1 : keys;
        let largest = Number.NEGATIVE_INFINITY;
        for (let s = 0; s < seen; s++) {
          const other = (b * keys + s) * width + first;
          let score = 0;
          for (let i = 0; i < size; i++) score += at(query.values, place + i) * at(key.values, other + i);
          weights[s] = score / Math.sqrt(size);
          largest = Math.max(largest, at(weights, s));
        }
        let total = 0;
        for (let s = 0; s < seen; s++) {
          weights[s] = Math.exp(at(weights, s) - largest);
          total += at(weights, s);
        }
        for (let i = 0; i < size; i++) {
          let sum = 0;
          for (let s = 0; s < seen; s++)
            sum += at(weights, s) * at(value.values, (b * keys + s) * width + first + i);
          result[place + i] = sum / total;
        }
      }
  return result;
}

/** x [B, C, …] → the same, SiLU included if asked for. */
export function groupNormValues(
  x: Sample,
  { weight, bias }: { weight: Sample; bias: Sample },
  { groups, epsilon, silu }: { groups: number; epsilon: number; silu: boolean },
): Float64Array {
  const [batch = 0, channels = 0] = x.dims;
  const plane = x.values.length / (batch * channels);
  const length = (channels / groups) * plane;
  const result = new Float64Array(x.values.length);
  for (let start = 0; start < result.length; start += length) {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += at(x.values, start + i);
    const mean = sum / length;
    let squares = 0;
    for (let i = 0; i < length; i++) squares += (at(x.values, start + i) - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / length + epsilon);
    for (let i = 0; i < length; i++) {
      const channel = Math.floor((start + i) / plane) % channels;
      const y =
        (at(x.values, start + i) - mean) * scale * at(weight.values, channel) + at(bias.values, channel);
      result[start + i] = silu ? y / (1 + Math.exp(-y)) : y;
    }
  }
  return result;
}

/** Rows [R, 2·I] → the first half times GELU of the second, [R, I]. */
export function gatedRows(rows: Float64Array, inner: number): Float64Array {
  return Float64Array.from({ length: rows.length / 2 }, (_, index) => {
    const start = Math.floor(index / inner) * 2 * inner + (index % inner);
    const gate = at(rows, start + inner);
    return (at(rows, start) * gate * (1 + errorFunction(gate / Math.SQRT2))) / 2;
  });
}

/** The Gauss error function, to about 1e-15: e^(−x²) times a series of positive terms (DLMF 7.6.2). */
export function errorFunction(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The largest absolute error over the expected values' root mean square; infinite if a value is not a number. */
export function relativeError(found: ArrayLike<number>, expected: Float64Array): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  let squares = 0;
  for (const [index, value] of expected.entries()) {
    const difference = Math.abs(at(found, index) - value);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, difference);
    squares += value * value;
  }
  return largest / Math.sqrt(squares / expected.length);
}
