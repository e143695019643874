/**
 * The two 8-bit floating-point types that checkpoints hold, as torch defines them: `float8_e4m3fn` (4 bits of exponent, bias
 * 7, no infinities, the one NaN 0x7f) and `float8_e5m2` (5 bits, bias 15: the upper half of a float16). Every value of either
 * is a float16 and a float32, so casts are exact. Source: "FP8 Formats for Deep Learning", arxiv.org/abs/2209.05433, table 1.
 */

export type Float8Type = 'F8_E4M3' | 'F8_E5M2';

/** Bits of the exponent and of the mantissa. */
const layouts = { F8_E4M3: { mantissa: 3, bias: 7 }, F8_E5M2: { mantissa: 2, bias: 15 } } as const;

function decoded(code: number, type: Float8Type): number {
  const { mantissa, bias } = layouts[type];
  const sign = code & 0x80 ? -1 : 1;
  const exponent = (code & 0x7f) >> mantissa;
  const fraction = (code & ((1 << mantissa) - 1)) / (1 << mantissa);
  if (type === 'F8_E4M3' && (code & 0x7f) === 0x7f) return Number.NaN;
  if (type === 'F8_E5M2' && exponent === 31)
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

const tables = new Map<Float8Type, Float32Array>();

/**
 * @param target where the values go; new memory if absent
 * @returns float32 values of 8-bit codes
 */
export function float8ToFloat32(
  codes: Uint8Array,
  type: Float8Type,
  target = new Float32Array(codes.length),
): Float32Array<ArrayBuffer> {
  const table = tables.get(type) ?? Float32Array.from({ length: 256 }, (_, code) => decoded(code, type));
  tables.set(type, table);
  for (let i = 0; i < codes.length; i++) target[i] = table[codes[i] as number] as number;
  return target;
}
