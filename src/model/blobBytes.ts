/**
 * A file of weights for ONNX Runtime's WASM build, of which no more than a tensor is in memory at a time. That build wants
 * external data as a Uint8Array, reads a Blob whole, and keeps all of them until the session is made: the weights of a model
 * would lie in JavaScript's memory beside their copies in WASM's. Of the array it asks nothing but `byteLength` and
 * `subarray` (`mountExternalData` in wasm-core-impl.ts, and the copying in ort-wasm-simd-threaded.mjs, 1.31.0-dev).
 */
export class BlobBytes extends Uint8Array<ArrayBuffer> {
  readonly #blob: Blob;
  readonly #reader: FileReaderSync;

  constructor(blob: Blob) {
    // None of its own.
    super(new ArrayBuffer(0));
    this.#blob = blob;
    this.#reader = new FileReaderSync();
    Object.defineProperty(this, 'byteLength', { value: blob.size });
  }

  /** @returns a copy, read now */
  override subarray(begin = 0, end = this.#blob.size): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#reader.readAsArrayBuffer(this.#blob.slice(begin, end)));
  }
}

/** Browsers have the reader in workers alone, Node nowhere. */
export function canReadAtOnce(): boolean {
  return typeof FileReaderSync === 'function';
}
