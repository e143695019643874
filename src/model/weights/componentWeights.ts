/**
 * Casts a component's weights to the graph's precision: if the file already has it, the initializers point into the file's
 * own bytes; otherwise each tensor is cast once.
 */
import { CheckpointError } from '../../contract/errors';
import {
  type Precision,
  type StoredType,
  storedAs,
  storedSize,
  type TensorEntry,
  type TensorIndex,
} from '../../graph/onnx/types';
import { openCheckpoint } from '../checkpoint/open';
import { bytesSource, gather, noteTensors } from '../checkpoint/reader';
import { GET_ANOTHER } from '../checkpoint/remedy';
import { bytesPerValue, type StoredTensor } from '../checkpoint/safetensors';
import { diffusersKeys } from '../checkpoint/textKeys';
import { weightTensors } from '../checkpoint/weightTensors';
import type { CheckpointFiles } from '../files';
import { castBytes, type WeightType } from './cast';
import { firstNonFinite } from './finite';
import { readWeightFiles } from './weightFiles';

export type WeightFile = Uint8Array<ArrayBuffer> | Blob;

export interface Weights {
  index: TensorIndex;
  /** The bytes behind the index's paths. */
  files: ReadonlyMap<string, WeightFile>;
}

export interface LoadWeightsOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((file: string, loadedBytes: number, totalBytes: number) => void) | undefined;
}

/**
 * @param folder the component's folder, e.g. `unet`
 * @param stem file name without variant and extension: `diffusion_pytorch_model` or `model`
 * @throws CheckpointError if there are no weights, or they are damaged or of a type that cannot be run
 */
export async function loadWeights(
  checkpoint: CheckpointFiles,
  folder: string,
  stem: string,
  precision: Precision,
  { signal, onProgress }: LoadWeightsOptions = {},
): Promise<Weights> {
  const owners = new Map<string, string>();
  const index = new Map<string, TensorEntry>();
  const files = new Map<string, WeightFile>();
  const optionsOf = (path: string) => ({
    signal,
    onProgress: (loaded: number, total: number) => onProgress?.(path, loaded, total),
  });
  for (const [path, bytes] of await readWeightFiles(checkpoint, folder, stem, precision, optionsOf)) {
    signal?.throwIfAborted();
    const { tensors } = await openCheckpoint(bytesSource(path, bytes), signal);
    const stored = diffusersKeys(folder, tensors, path);
    noteTensors(owners, stored.keys(), path);
    refuseNonFinite(path, bytes, stored);
    const prepared = castFile(path, bytes, stored, storedAs[precision]);
    files.set(path, prepared.bytes);
    for (const [key, entry] of prepared.index) index.set(key, entry);
  }
  return { index, files };
}

/** Tensors as stored in a file: row-major, or (in pickles) picked from a range by strides. */
type Stored = ReadonlyMap<string, StoredTensor & { strides?: readonly number[] }>;

/** @throws CheckpointError naming the first tensor that holds a NaN or an infinity */
function refuseNonFinite(path: string, bytes: Uint8Array<ArrayBuffer>, stored: Stored): void {
  for (const [key, { offset, length, dtype }] of weightTensors(stored, () => path)) {
    if (firstNonFinite(bytes.subarray(offset, offset + length), dtype) >= 0) throw nonFinite(path, key);
  }
}

/** For a weight that turns every image into NaN. */
export function nonFinite(path: string, key: string): CheckpointError {
  return new CheckpointError(
    `${path}: tensor "${key}" holds NaN or infinite numbers, so no image can come of it; the file is damaged or its ` +
      `training went wrong: ${GET_ANOTHER}`,
  );
}

/**
 * @returns the file's weights as that type: its own bytes if they are of it already
 * @throws UnsupportedError naming a weight of a type that cannot be run
 */
export function castFile(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  stored: Stored,
  dtype: StoredType,
): { bytes: Uint8Array<ArrayBuffer>; index: TensorIndex } {
  const weights = weightTensors(stored, () => path);
  // Sessions read typed arrays, which need alignment: safetensors files have it, old archives not always.
  const isReady = ([, { dtype: from, strides, offset }]: (typeof weights)[number]) =>
    from === dtype && strides === undefined && offset % bytesPerValue[dtype] === 0;
  if (weights.every(isReady)) {
    const entries = weights.map(([key, { shape, offset, length }]): [string, TensorEntry] => [
      key,
      { dtype, shape, path, offset, length },
    ]);
    return { bytes, index: new Map(entries) };
  }
  const lengths = weights.map(([, { shape }]) => storedSize(dtype, shape));
  const cast = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  const index = new Map<string, TensorEntry>();
  let offset = 0;
  weights.forEach(([key, tensor], i) => {
    const length = lengths[i] ?? 0;
    cast.set(castBytes(valuesOf(tensor, bytes), tensor.dtype, dtype), offset);
    index.set(key, { dtype, shape: tensor.shape, path, offset, length });
    offset += length;
  });
  return { bytes: cast, index };
}

/** A tensor's bytes, row after row. */
function valuesOf(
  tensor: StoredTensor & { dtype: WeightType; strides?: readonly number[] },
  file: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const bytes = file.subarray(tensor.offset, tensor.offset + tensor.length);
  return tensor.strides === undefined ? bytes : gather(tensor, tensor.strides, bytes);
}
