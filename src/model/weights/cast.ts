/** Casts a checkpoint's values to the type in which they are stored for the device. */
import type { StoredType } from '../../graph/onnx/types';
import { bytesPerValue, type CheckpointType } from '../checkpoint/safetensors';
import { type Float8Type, float8ToFloat32 } from './float8';
import { bfloat16ToFloat32, float32ToHalf, halfToFloat32 } from './half';

export type WeightType = 'F64' | 'F32' | 'F16' | 'BF16' | Float8Type;

const weightTypes: readonly CheckpointType[] = ['F32', 'F16', 'BF16', 'F64', 'F8_E4M3', 'F8_E5M2'];

/** Integers (CLIP's `position_ids`) are not weights that graphs read. */
export function isWeightType(dtype: CheckpointType): dtype is WeightType {
  return weightTypes.includes(dtype);
}

/** Counts memory as it is allocated and released. */
interface Meter {
  hold(bytes: number): void;
  release(bytes: number): void;
}

/** Memory that casts reuse: touching fresh pages takes longer than the cast itself. */
export class CastRoom {
  #buffer = new ArrayBuffer(0);

  constructor(readonly meter?: Meter) {}

  /** @returns at least that many bytes, with old values in them; the next call returns the same memory */
  take(bytes: number): ArrayBuffer {
    if (this.#buffer.byteLength < bytes) {
      this.release();
      this.#buffer = new ArrayBuffer(bytes);
      this.meter?.hold(bytes);
    }
    return this.#buffer;
  }

  release(): void {
    this.meter?.release(this.#buffer.byteLength);
    this.#buffer = new ArrayBuffer(0);
  }
}

/**
 * @param bytes whole values, at any alignment
 * @param room where the cast goes, valid until the next cast there; new memory if absent
 * @returns the same bytes if they already have the wanted type
 */
export function castBytes(
  bytes: Uint8Array<ArrayBuffer>,
  from: WeightType,
  to: StoredType,
  room?: CastRoom,
): Uint8Array<ArrayBuffer> {
  if (from === to) return bytes;
  const count = bytes.byteLength / bytesPerValue[from];
  const memory = (size: number) => room?.take(size) ?? new ArrayBuffer(size);
  switch (to) {
    case 'F32':
      return asBytes(toFloat32(bytes, from, new Float32Array(memory(4 * count), 0, count)));
    case 'F16': {
      const values = toFloat32(bytes, from, undefined);
      return asBytes(float32ToHalf(values, new Uint16Array(memory(2 * count), 0, count)));
    }
    default:
      throw new TypeError(`unknown type ${to satisfies never}`);
  }
}

function asBytes({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** @param target new memory if absent, or none if the values are float32 already */
function toFloat32(
  bytes: Uint8Array<ArrayBuffer>,
  from: WeightType,
  target: Float32Array<ArrayBuffer> | undefined,
): Float32Array<ArrayBuffer> {
  const size = bytesPerValue[from];
  // Typed arrays begin at whole values; chunks of a stream do not always.
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const count = bytes.byteLength / size;
  switch (from) {
    case 'F32':
      return new Float32Array(buffer, byteOffset, count);
    case 'F16':
      return halfToFloat32(new Uint16Array(buffer, byteOffset, count), target);
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(buffer, byteOffset, count), target);
    case 'F8_E4M3':
    case 'F8_E5M2':
      return float8ToFloat32(bytes, from, target);
    case 'F64': {
      const floats = target ?? new Float32Array(count);
      floats.set(new Float64Array(buffer, byteOffset, count));
      return floats;
    }
    default:
      throw new TypeError(`unknown type ${from satisfies never}`);
  }
}
