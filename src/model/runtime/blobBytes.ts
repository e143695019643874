/**
 * A weights file for ONNX Runtime, which holds no more than one tensor in memory at a time. Its builds without JSPI read a
 * Blob whole and keep all of them until the session is made: the weights of a model would be in JavaScript's memory beside
 * their copies. The build with JSPI streams slices of a Blob, and in Chromium such streams hang (source/blobPieces.ts). Of
 * an array they use only `byteLength` and `subarray` (`mountExternalData` in wasm-core-impl.ts, and the copying in
 * ort-wasm-simd-threaded*.mjs, 1.31.0-dev).
 */
export class BlobBytes extends Uint8Array<ArrayBuffer> {
  /** The last bytes read, from any file; `transfer` is not available everywhere, in Node only from version 21 on. */
  static #last: (ArrayBuffer & { transfer?(length: number): ArrayBuffer }) | undefined;
  readonly #blob: Blob;
  readonly #reader: FileReaderSync;

  constructor(blob: Blob) {
    // No buffer of its own.
    super(new ArrayBuffer(0));
    this.#blob = blob;
    this.#reader = new FileReaderSync();
    Object.defineProperty(this, 'byteLength', { value: blob.size });
  }

  /** @returns a copy, read now, and valid until the next call: ONNX Runtime copies it immediately */
  override subarray(begin = 0, end = this.#blob.size): Uint8Array<ArrayBuffer> {
    // Returned immediately. The garbage collector let 3 GB gather while it read SDXL's UNet.
    BlobBytes.#last?.transfer?.(0);
    BlobBytes.#last = this.#reader.readAsArrayBuffer(this.#blob.slice(begin, end));
    return new Uint8Array(BlobBytes.#last);
  }
}

/** Browsers have the reader only in workers; Node does not have it. */
export function canReadAtOnce(): boolean {
  return typeof FileReaderSync === 'function';
}
