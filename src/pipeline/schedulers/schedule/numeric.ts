/** The few numpy and torch functions that schedules need, with the same rounding. */

const { fround } = Math;

/** numpy's `round`: halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** `numpy.linspace(start, stop, count)`. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) return start;
    return i === count - 1 ? stop : i * step + start;
  });
}

/** `torch.linspace(start, stop, count, dtype=torch.float32)`: counted from both ends, by fused multiply-adds. */
export function linspaceFloat32(start: number, stop: number, count: number): Float32Array {
  const first = fround(start);
  const last = fround(stop);
  const step = fround(fround(last - first) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < Math.floor(count / 2) ? first + step * i : last - step * (count - 1 - i),
  );
}

/** `numpy.arange(start, 0, -step)`, whose rounding may add a last element. */
export function arangeDown(start: number, step: number): number[] {
  const delta = start - step - start;
  return Array.from({ length: Math.ceil(start / step) }, (_, i) => start + i * delta);
}

/** `numpy.interp(x, [0, 1, 2, …], values)`. */
export function interpolate(values: ArrayLike<number>, x: number): number {
  const last = values.length - 1;
  const low = Math.min(Math.max(Math.floor(x), 0), last);
  const atLow = values[low] ?? 0;
  if (x <= 0 || low === last) return atLow;
  return ((values[low + 1] ?? 0) - atLow) * (x - low) + atLow;
}

/** `torch.cumprod` of float32 values on the CPU, which accumulates in double. */
export function cumulativeProduct(values: Float32Array): Float32Array {
  let product = 1;
  return values.map((value) => {
    product *= value;
    return product;
  });
}

/** a·x + b·y, value by value; rounded to float32 once. */
export function combine(a: number, x: Float32Array, b: number, y: Float32Array): Float32Array {
  return x.map((value, i) => a * value + b * (y[i] ?? 0));
}

/** x of A·x = b by elimination with pivots: for the few unknowns of a multistep method. */
export function solveLinear(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const size = b.length;
  const rows = a.map((row, i) => [...row, b[i] ?? 0]);
  const at = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(at(row, column)) > Math.abs(at(pivot, column))) pivot = row;
    }
    const pivotRow = rows[pivot] ?? [];
    rows[pivot] = rows[column] ?? [];
    rows[column] = pivotRow;
    for (let row = column + 1; row < size; row++) {
      const factor = at(row, column) / at(column, column);
      rows[row] = (rows[row] ?? []).map((value, k) => value - factor * (pivotRow[k] ?? 0));
    }
  }
  const x = new Array<number>(size).fill(0);
  for (let row = size - 1; row >= 0; row--) {
    const known = x.reduce((sum, value, k) => (k > row ? sum + at(row, k) * value : sum), 0);
    x[row] = (at(row, size) - known) / at(row, row);
  }
  return x;
}
