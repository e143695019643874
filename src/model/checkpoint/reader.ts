/**
 * One index over a checkpoint's tensors, in whichever form they are stored. Nothing is loaded here: an entry says which
 * bytes of which file hold the values, and {@link readTensor} fetches them.
 */
import { CheckpointError, messageOf } from '../../contract/errors';
import { GET_ANOTHER } from './remedy';
import { bytesPerValue, type StoredTensor } from './safetensors';

/** A file that can be read at any position: on disk, in memory, or over HTTP ranges. */
export interface RandomAccess {
  /** Its name in errors, e.g. `unet/diffusion_pytorch_model.safetensors`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Whether each read costs a round trip over a network: readers then avoid many small ones. */
  readonly remote?: boolean;
  /** @returns exactly `length` bytes; rejects if the file ends earlier */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * A tensor and the file it is in. Without `strides` its values are the bytes `offset` … `offset + length`,
 * row after row; with `strides` those bytes are a stretch of the file out of which the values are picked.
 */
export interface IndexedTensor extends StoredTensor {
  file: RandomAccess;
  /** In values, one per dimension, never negative. */
  strides?: readonly number[];
}

export type StoredIndex = ReadonlyMap<string, IndexedTensor>;

/** A checkpoint's tensors under its own keys, and what it says about itself. */
export interface StoredCheckpoint {
  /** Its name in errors. */
  name: string;
  tensors: StoredIndex;
  /** Strings of a safetensors file's `__metadata__`; empty for pickles. */
  metadata: Readonly<Record<string, string>>;
  /** Training steps recorded in a `.ckpt`: they tell some SD 2 models apart. */
  globalStep?: number;
}

/** A file in memory. */
export function bytesSource(name: string, bytes: Uint8Array<ArrayBuffer>): RandomAccess {
  return {
    name,
    size: bytes.byteLength,
    async read(offset, length) {
      refuseOutside(name, offset, length, bytes.byteLength);
      return bytes.slice(offset, offset + length);
    },
  };
}

/** A local file, read at any position. */
export function blobSource(name: string, blob: Blob): RandomAccess {
  return {
    name,
    size: blob.size,
    async read(offset, length, signal) {
      refuseOutside(name, offset, length, blob.size);
      signal?.throwIfAborted();
      let buffer: ArrayBuffer;
      try {
        buffer = await blob.slice(offset, offset + length).arrayBuffer();
      } catch (error) {
        // A file that was changed, moved or deleted after it was picked rejects with NotReadableError.
        const reason = messageOf(error);
        throw new CheckpointError(`${name}: the file can no longer be read (${reason}); open it again`);
      }
      signal?.throwIfAborted();
      return new Uint8Array(buffer);
    },
  };
}

function refuseOutside(name: string, offset: number, length: number, size: number): void {
  if (offset < 0 || length < 0 || offset + length > size) {
    throw new CheckpointError(
      `${name}: bytes ${offset} to ${offset + length} were wanted but the file has ${size}; the file is damaged: ${GET_ANOTHER}`,
    );
  }
}

/** Number of values of a shape. */
export function countValues(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/**
 * The values of one tensor, row after row, in its own type.
 * @returns as many bytes as shape and type ask for
 */
export async function readTensor(
  tensor: IndexedTensor,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await tensor.file.read(tensor.offset, tensor.length, signal);
  return tensor.strides === undefined ? bytes : gather(tensor, tensor.strides, bytes);
}

/** Puts the bytes of a strided tensor's stretch in row-major order. */
export function gather(
  { shape, dtype }: StoredTensor,
  strides: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const valueBytes = bytesPerValue[dtype];
  const count = countValues(shape);
  const out = new Uint8Array(count * valueBytes);
  const position = shape.map(() => 0);
  let source = 0; // in values
  for (let target = 0; target < count; target++) {
    for (let b = 0; b < valueBytes; b++) {
      out[target * valueBytes + b] = bytes[source * valueBytes + b] as number;
    }
    // Counts like an odometer: the last dimension changes fastest.
    for (let d = shape.length - 1; d >= 0; d--) {
      const stride = strides[d] as number;
      source += stride;
      position[d] = (position[d] as number) + 1;
      if ((position[d] as number) < (shape[d] as number)) break;
      source -= stride * (shape[d] as number);
      position[d] = 0;
    }
  }
  return out;
}

const safetensorsShard = /^[\w.-]+\.safetensors$/;
const pickleShard = /^[\w.-]+\.bin$/;

/**
 * Reads `….safetensors.index.json` or `….bin.index.json`.
 * @returns file name by tensor key; the files are beside the index
 * @throws CheckpointError if it is not such an index
 */
export function parseShardIndex(json: unknown, path: string): Map<string, string> {
  const map = typeof json === 'object' && json !== null && 'weight_map' in json ? json.weight_map : undefined;
  const entries = typeof map === 'object' && map !== null ? Object.entries(map) : [];
  const shards = new Map<string, string>();
  for (const [key, name] of entries) {
    if (typeof name !== 'string' || !(safetensorsShard.test(name) || pickleShard.test(name))) {
      throw new CheckpointError(
        `${path}: "weight_map" gives no file for "${key}"; the file is damaged: ${GET_ANOTHER}`,
      );
    }
    shards.set(key, name);
  }
  if (shards.size === 0) {
    throw new CheckpointError(`${path}: "weight_map" names no tensors; the file is damaged: ${GET_ANOTHER}`);
  }
  return shards;
}

/**
 * Notes which of a component's files has which tensors: those of shards that belong together have each tensor once.
 * @param owners file by tensor key, of the component's files so far; filled in
 * @throws CheckpointError if another file has one of the tensors too
 */
export function noteTensors(owners: Map<string, string>, keys: Iterable<string>, path: string): void {
  for (const key of keys) {
    const other = owners.get(key);
    if (other !== undefined) {
      throw new CheckpointError(
        `${path}: tensor "${key}" is in ${other} too; the files do not belong together: ${GET_ANOTHER}`,
      );
    }
    owners.set(key, path);
  }
}
