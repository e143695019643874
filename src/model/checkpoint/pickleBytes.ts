/** Reads the bytes of a pickle field by field, never past their end. */
import { CheckpointError } from '../../contract/errors';
import { GET_ANOTHER } from './remedy';

/** A hundred times what a checkpoint of 4,000 tensors with optimizer states needs. */
const MAX_PICKLE_BYTES = 64 * 2 ** 20;
const MAX_STRING_BYTES = 2 ** 20;
const MAX_GLOBAL_BYTES = 1024;

export class PickleBytes {
  #at = 0;
  readonly #view: DataView;

  /** @throws CheckpointError if there are more bytes than any checkpoint has */
  constructor(
    readonly bytes: Uint8Array,
    readonly path: string,
  ) {
    if (bytes.byteLength > MAX_PICKLE_BYTES) {
      throw new CheckpointError(
        `${path}: its pickle has ${bytes.byteLength} bytes, more than the ${MAX_PICKLE_BYTES} that are read; use a safetensors file of this model`,
      );
    }
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  long(length: number): number | bigint {
    if (length > 8) throw this.damaged(`its pickle holds an integer of ${length} bytes`);
    if (length === 0) return 0;
    const bytes = this.slice(length);
    let value = 0n;
    for (const [i, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * i);
    value = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  string(length: number): string {
    if (length > MAX_STRING_BYTES) throw this.damaged(`its pickle holds a string of ${length} bytes`);
    return new TextDecoder().decode(this.slice(length));
  }

  /** One of the two lines that name a GLOBAL. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at);
    if (end < 0 || end - this.#at > MAX_GLOBAL_BYTES)
      throw this.damaged('its pickle names a global without an end');
    const text = this.string(end - this.#at);
    this.#at = end + 1;
    return text;
  }

  float64(): number {
    return this.#view.getFloat64(this.skip(8));
  }

  byte(): number {
    return this.bytes[this.skip(1)] as number;
  }

  uint32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  uint64(): number {
    return Number(this.#view.getBigUint64(this.skip(8), true));
  }

  slice(length: number): Uint8Array {
    const begin = this.skip(length);
    return this.bytes.subarray(begin, begin + length);
  }

  /** Advances by `length` bytes; @returns where they begin */
  skip(length: number): number {
    const begin = this.#at;
    if (begin + length > this.bytes.byteLength) throw this.damaged('its pickle is cut off');
    this.#at = begin + length;
    return begin;
  }

  damaged(what: string): CheckpointError {
    return new CheckpointError(
      `${this.path}: ${what}; the file is damaged, or not a PyTorch checkpoint: ${GET_ANOTHER}`,
    );
  }
}
