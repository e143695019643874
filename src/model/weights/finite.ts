/** Checks that stored values are finite: a single NaN among a model's weights turns all its images into NaN. */

import { bytesPerValue } from '../checkpoint/safetensors';
import type { WeightType } from './cast';

/** The bits of the exponent that are all ones in infinities and NaN; `F8_E4M3` has only NaN, with all ones below the sign. */
const marks: Readonly<Record<Exclude<WeightType, 'F64'>, number>> = {
  F32: 0x7f80_0000,
  F16: 0x7c00,
  BF16: 0x7f80,
  F8_E4M3: 0x7f,
  F8_E5M2: 0x7c,
};

/**
 * @param bytes whole values, at any alignment
 * @returns the place of the first value that is NaN or infinite, -1 if all are finite
 */
export function firstNonFinite(bytes: Uint8Array<ArrayBuffer>, type: WeightType): number {
  const size = bytesPerValue[type];
  // Typed arrays begin at whole values.
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const count = bytes.byteLength / size;
  if (type === 'F64')
    return new Float64Array(buffer, byteOffset, count).findIndex((x) => !Number.isFinite(x));
  const mark = marks[type];
  const Bits = size === 4 ? Int32Array : size === 2 ? Uint16Array : Uint8Array;
  const bits = new Bits(buffer, byteOffset, count);
  for (let i = 0; i < count; i++) if (((bits[i] as number) & mark) === mark) return i;
  return -1;
}
