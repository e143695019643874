/** Brings stored values into the precision that the device runs. */
import type { Precision } from '../graph/types';
import type { StoredType } from './checkpoint/safetensors';
import { bfloat16ToFloat32, float32ToHalf, halfToFloat32 } from './half';

export type WeightType = 'F64' | 'F32' | 'F16' | 'BF16';

/** Integers (CLIP's `position_ids`) and 8-bit values are no weights that graphs read. */
export function isWeightType(dtype: StoredType): dtype is WeightType {
  return ['F32', 'F16', 'BF16', 'F64'].includes(dtype);
}

export function typeOf(precision: Precision): 'F16' | 'F32' {
  return precision === 'fp16' ? 'F16' : 'F32';
}

/**
 * @param bytes whole values, at any alignment
 * @returns the same bytes where they are of the wanted type already
 */
export function castBytes(
  bytes: Uint8Array<ArrayBuffer>,
  from: WeightType,
  precision: Precision,
): Uint8Array<ArrayBuffer> {
  if (from === typeOf(precision)) return bytes;
  const values = toFloat32(bytes.slice().buffer, from);
  const cast = precision === 'fp16' ? float32ToHalf(values) : values;
  return new Uint8Array(cast.buffer, cast.byteOffset, cast.byteLength);
}

function toFloat32(source: ArrayBuffer, from: WeightType): Float32Array<ArrayBuffer> {
  switch (from) {
    case 'F32':
      return new Float32Array(source);
    case 'F16':
      return halfToFloat32(new Uint16Array(source));
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(source));
    case 'F64':
      return Float32Array.from(new Float64Array(source));
    default:
      throw new TypeError(`unknown type ${from satisfies never}`);
  }
}
