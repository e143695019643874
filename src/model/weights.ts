/**
 * Brings a component's safetensors into the precision of the graph: where the file has it already the
 * initializers point into the file's own bytes, else every tensor is cast once.
 */
import { CheckpointError } from '../engine/errors';
import type { Precision, TensorEntry, TensorIndex } from '../graph/types';
import { parseSafetensorsHeader, type StoredTensor } from './checkpoint/safetensors';
import { type CheckpointFiles, parseJsonFile, type ReadOptions } from './files';
import { bfloat16ToFloat32, float32ToHalf, halfToFloat32 } from './half';

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
 * @throws CheckpointError where there is no safetensors file or it is damaged
 */
export async function loadWeights(
  checkpoint: CheckpointFiles,
  folder: string,
  stem: string,
  precision: Precision,
  options: LoadWeightsOptions = {},
): Promise<Weights> {
  const index = new Map<string, TensorEntry>();
  const files = new Map<string, WeightFile>();
  for (const [path, bytes] of await readWeightFiles(checkpoint, folder, stem, precision, options)) {
    options.signal?.throwIfAborted();
    const stored = parseSafetensorsHeader(bytes.subarray(0, headerEnd(bytes)), bytes.byteLength, path);
    const prepared = castFile(path, bytes, stored, precision);
    files.set(path, prepared.bytes);
    for (const [key, entry] of prepared.index) index.set(key, entry);
  }
  return { index, files };
}

function headerEnd(bytes: Uint8Array): number {
  if (bytes.byteLength < 8) return bytes.byteLength;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  return Number(length > BigInt(bytes.byteLength) ? BigInt(bytes.byteLength) : length + 8n);
}

/** Tries the variant of the wanted precision first, then the plain file, then shards. */
async function readWeightFiles(
  checkpoint: CheckpointFiles,
  folder: string,
  stem: string,
  precision: Precision,
  { signal, onProgress }: LoadWeightsOptions,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const plain = `${folder}/${stem}.safetensors`;
  const half = `${folder}/${stem}.fp16.safetensors`;
  const readOptions = (path: string): ReadOptions => ({
    signal,
    onProgress: (loaded, total) => onProgress?.(path, loaded, total),
  });
  for (const path of precision === 'fp16' ? [half, plain] : [plain, half]) {
    const bytes = await checkpoint.read(path, readOptions(path));
    if (bytes !== undefined) return new Map([[path, bytes]]);
  }
  const indexPath = `${folder}/${stem}.safetensors.index.json`;
  const indexBytes = await checkpoint.read(indexPath, { signal });
  if (indexBytes === undefined) {
    throw new CheckpointError(
      `model "${checkpoint.name}": ${folder} has no safetensors weights (looked for ${plain} and ${half})`,
    );
  }
  const shards = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const name of shardNames(parseJsonFile(checkpoint, indexPath, indexBytes), indexPath)) {
    const path = `${folder}/${name}`;
    const bytes = await checkpoint.read(path, readOptions(path));
    if (bytes === undefined) {
      throw new CheckpointError(
        `model "${checkpoint.name}": ${path} is missing though ${indexPath} names it`,
      );
    }
    shards.set(path, bytes);
  }
  return shards;
}

function shardNames(index: unknown, path: string): Set<string> {
  const map =
    typeof index === 'object' && index !== null && 'weight_map' in index ? index.weight_map : undefined;
  const names = typeof map === 'object' && map !== null ? Object.values(map) : [];
  const plain = names.filter(
    (name): name is string => typeof name === 'string' && /^[\w.-]+\.safetensors$/.test(name),
  );
  if (plain.length === 0 || plain.length !== names.length) {
    throw new CheckpointError(`${path}: "weight_map" does not map tensors to safetensors files`);
  }
  return new Set(plain);
}

/** Integer tensors (CLIP's `position_ids`) are no weights: left out. */
function isWeight(tensor: StoredTensor): tensor is StoredTensor & { dtype: 'F32' | 'F16' | 'BF16' | 'F64' } {
  return ['F32', 'F16', 'BF16', 'F64'].includes(tensor.dtype);
}

export function castFile(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  stored: ReadonlyMap<string, StoredTensor>,
  precision: Precision,
): { bytes: Uint8Array<ArrayBuffer>; index: TensorIndex } {
  const dtype = precision === 'fp16' ? 'F16' : 'F32';
  const weights = [...stored].filter(([, tensor]) => isWeight(tensor));
  if (weights.every(([, tensor]) => tensor.dtype === dtype)) {
    return { bytes, index: new Map(weights.map(([key, tensor]) => [key, { ...tensor, dtype, path }])) };
  }
  const valueBytes = precision === 'fp16' ? 2 : 4;
  const counts = weights.map(([, tensor]) => tensor.shape.reduce((product, n) => product * n, 1));
  const cast = new Uint8Array(counts.reduce((sum, count) => sum + count * valueBytes, 0));
  const index = new Map<string, TensorEntry>();
  let offset = 0;
  weights.forEach(([key, tensor], i) => {
    const length = (counts[i] as number) * valueBytes;
    // The file's tensors need not be aligned: a copy is.
    const source = bytes.slice(tensor.offset, tensor.offset + tensor.length).buffer;
    const values = toFloat32(source, tensor.dtype);
    const target = precision === 'fp16' ? float32ToHalf(values) : values;
    cast.set(new Uint8Array(target.buffer, target.byteOffset, length), offset);
    index.set(key, { dtype, shape: tensor.shape, path, offset, length });
    offset += length;
  });
  return { bytes: cast, index };
}

function toFloat32(source: ArrayBuffer, dtype: string): Float32Array {
  switch (dtype) {
    case 'F32':
      return new Float32Array(source);
    case 'F16':
      return halfToFloat32(new Uint16Array(source));
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(source));
    default:
      return Float32Array.from(new Float64Array(source));
  }
}
