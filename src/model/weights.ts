/**
 * Brings a component's safetensors into the precision of the graph: where the file has it already the
 * initializers point into the file's own bytes, else every tensor is cast once.
 */
import { CheckpointError } from '../engine/errors';
import type { Precision, TensorEntry, TensorIndex } from '../graph/types';
import { castBytes, isWeightType, typeOf } from './cast';
import { bytesPerValue, parseSafetensorsHeader, type StoredTensor } from './checkpoint/safetensors';
import { type CheckpointFiles, parseJsonFile, type ReadOptions } from './files';

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
    throw new CheckpointError(
      `${path}: "weight_map" does not map tensors to safetensors files; the file is damaged, fetch it again`,
    );
  }
  return new Set(plain);
}

/** @returns the file's weights in that precision: its own bytes where they are of it already */
export function castFile(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  stored: ReadonlyMap<string, StoredTensor>,
  precision: Precision,
): { bytes: Uint8Array<ArrayBuffer>; index: TensorIndex } {
  const dtype = typeOf(precision);
  const weights = [...stored].flatMap(([key, tensor]) =>
    isWeightType(tensor.dtype) ? [{ key, tensor, from: tensor.dtype }] : [],
  );
  if (weights.every(({ from }) => from === dtype)) {
    return { bytes, index: new Map(weights.map(({ key, tensor }) => [key, { ...tensor, dtype, path }])) };
  }
  const lengths = weights.map(({ tensor }) =>
    tensor.shape.reduce((product, n) => product * n, bytesPerValue[dtype]),
  );
  const cast = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  const index = new Map<string, TensorEntry>();
  let offset = 0;
  weights.forEach(({ key, tensor, from }, i) => {
    const length = lengths[i] ?? 0;
    cast.set(
      castBytes(bytes.subarray(tensor.offset, tensor.offset + tensor.length), from, precision),
      offset,
    );
    index.set(key, { dtype, shape: tensor.shape, path, offset, length });
    offset += length;
  });
  return { bytes: cast, index };
}
