/** Conversions between half precision, bfloat16 and float32, for weights cast while they are prepared. */

/** float32 bits of every half: 256 KiB, built once at first use. */
let halfTable: Int32Array | undefined;

function buildHalfTable(): Int32Array {
  const table = new Int32Array(65536);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    let mantissa = half & 0x3ff;
    if (exponent === 31) {
      table[half] = sign | 0x7f800000 | (mantissa << 13);
    } else if (exponent > 0) {
      table[half] = sign | ((exponent + 112) << 23) | (mantissa << 13);
    } else if (mantissa === 0) {
      table[half] = sign;
    } else {
      // A subnormal half is a normal float32: shift until the leading one is implicit.
      let shifted = 113;
      while ((mantissa & 0x400) === 0) {
        mantissa <<= 1;
        shifted--;
      }
      table[half] = sign | (shifted << 23) | ((mantissa & 0x3ff) << 13);
    }
  }
  return table;
}

/**
 * @param target where the values go; new memory if absent
 * @returns float32 values of IEEE half bits
 */
export function halfToFloat32(
  half: Uint16Array,
  target = new Float32Array(half.length),
): Float32Array<ArrayBuffer> {
  halfTable ??= buildHalfTable();
  const table = halfTable;
  const bits = new Int32Array(target.buffer, target.byteOffset, half.length);
  for (let i = 0; i < half.length; i++) bits[i] = table[half[i] as number] as number;
  return target;
}

/**
 * @param target where the values go; new memory if absent
 * @returns float32 values of bfloat16 bits: the upper half of a float32
 */
export function bfloat16ToFloat32(
  values: Uint16Array,
  target = new Float32Array(values.length),
): Float32Array<ArrayBuffer> {
  const bits = new Int32Array(target.buffer, target.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) bits[i] = (values[i] as number) << 16;
  return target;
}

/**
 * Rounds to nearest even, as IEEE 754 and torch do; beyond ±65504 becomes infinity.
 * @param target where the bits go; new memory if absent
 * @returns IEEE half bits
 */
export function float32ToHalf(
  values: Float32Array,
  target = new Uint16Array(values.length),
): Uint16Array<ArrayBuffer> {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i] as number;
    const magnitude = value & 0x7fffffff;
    // Nearly every weight is a normal half: rebias the exponent by 112, then round the 13 dropped bits to even.
    if (magnitude >= 0x38800000 && magnitude < 0x477ff000) {
      const rebased = magnitude - 0x38000000;
      target[i] = ((value >>> 16) & 0x8000) | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
    } else {
      target[i] = roundToHalf(value);
    }
  }
  return target;
}

/** What is not a normal half. @param bits of a float32 */
function roundToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to 65536 or more
  if (magnitude < 0x33000000) return sign; // below half of the smallest subnormal
  const exponent = magnitude >>> 23;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - exponent; // 14 … 24: the value is mantissa >> shift in units of 2^-24
  const truncated = mantissa >>> shift;
  const remainder = mantissa & ((1 << shift) - 1);
  const halfway = 1 << (shift - 1);
  const roundUp = remainder > halfway || (remainder === halfway && (truncated & 1) === 1);
  return sign | (truncated + (roundUp ? 1 : 0));
}
