/** What a textual inversion file holds: vectors for one word, in the format of whichever program trained it. */
import { MAX_TOKEN_CHARACTERS, MAX_VECTORS } from '../../contract/limits';
import { isTorchFile, openCheckpoint } from '../checkpoint/open';
import { isKind, type PickleValue } from '../checkpoint/pickleValues';
import { type IndexedTensor, type RandomAccess, readTensor } from '../checkpoint/reader';
import { openTorchArchive } from '../checkpoint/torchFile';
import { castBytes, isWeightType } from '../weights/cast';
import { embeddingError } from './error';

/** Vectors for one text encoder. */
export interface VectorTable {
  /** [count, width] */
  values: Float32Array;
  count: number;
  width: number;
}

export interface EmbeddingFile {
  /** The word that the file itself gives; absent if it gives none. */
  token?: string;
  /** For one text encoder, or for SDXL's two in the model's order, with equally many vectors. */
  tables: readonly VectorTable[];
}

/** SDXL's text encoders in their order, as all trainers call them. */
const XL_NAMES = ['clip_l', 'clip_g'] as const;

/** Tensors by name, and what the file says about its word. */
interface Found {
  tensors: ReadonlyMap<string, IndexedTensor>;
  token?: string;
}

/** @throws CheckpointError (`embeddings`) if the file is damaged, or holds something else */
export async function readEmbeddingFile(file: RandomAccess, signal?: AbortSignal): Promise<EmbeddingFile> {
  const { tensors, token } = (await isTorchFile(file, signal))
    ? await findInTorchFile(file, signal)
    : { tensors: (await openCheckpoint(file, signal)).tensors };
  const refuse = (reason: string) => embeddingError(`embedding ${file.name}: ${reason}`);

  // 1. SDXL's two
  const pair = XL_NAMES.map((name) => tensors.get(name));
  const [first, second] = pair;
  if (first !== undefined && second !== undefined) {
    const tables = [await tableOf(file.name, 'clip_l', first), await tableOf(file.name, 'clip_g', second)];
    if (tables[0]?.count !== tables[1]?.count) {
      throw refuse(
        `it has ${tables[0]?.count} vectors under clip_l and ${tables[1]?.count} under clip_g; the file is damaged: get ` +
          'it again',
      );
    }
    return { tables };
  }
  const half = pair.findIndex((tensor) => tensor !== undefined);
  if (half >= 0)
    throw refuse(`it holds ${XL_NAMES[half]} without ${XL_NAMES[1 - half]}; use a whole embedding for SDXL`);

  // 2. One word
  const own = tensors.get('emb_params');
  if (own !== undefined) return { tables: [await tableOf(file.name, 'emb_params', own)], ...named(token) };
  const [entry, ...others] = tensors;
  if (entry === undefined) throw refuse('it holds no vectors; name a textual inversion');
  if (others.length > 0) {
    throw refuse(
      `it holds ${tensors.size} tensors ("${entry[0]}", "${others[0]?.[0]}" …), where a textual inversion has one, or ` +
        'clip_l and clip_g; a LoRA goes to the LoRAs, a model to the model’s field',
    );
  }
  const [key, tensor] = entry;
  return { tables: [await tableOf(file.name, key, tensor)], ...named(token ?? key) };
}

/** The file's name replaces a word that cannot be a token. */
function named(token: string | undefined): Pick<EmbeddingFile, 'token'> {
  const word = token?.trim() ?? '';
  return word === '' || word === '*' || word.length > MAX_TOKEN_CHARACTERS ? {} : { token: word };
}

/** AUTOMATIC1111's dictionary with `string_to_param`; diffusers' with one tensor; or just the tensor. */
async function findInTorchFile(file: RandomAccess, signal: AbortSignal | undefined): Promise<Found> {
  const archive = await openTorchArchive(file, signal);
  const { root } = archive;
  if (isKind(root, 'tensor')) return { tensors: new Map([['*', archive.locate('*', root)]]), token: '' };
  const entries: ReadonlyMap<PickleValue, PickleValue> = isKind(root, 'dict') ? root.entries : new Map();
  const parameters = entries.get('string_to_param');
  const inner = isKind(parameters, 'dict') ? parameters.entries : entries;
  const tensors = new Map<string, IndexedTensor>();
  for (const [key, value] of inner) {
    if (typeof key === 'string' && isKind(value, 'tensor')) tensors.set(key, archive.locate(key, value));
  }
  if (inner === entries) return { tensors };
  const name = entries.get('name');
  return { tensors, token: typeof name === 'string' ? name : '' };
}

async function tableOf(file: string, key: string, tensor: IndexedTensor): Promise<VectorTable> {
  const { shape, dtype } = tensor;
  const refuse = (reason: string) => embeddingError(`embedding ${file}: ${reason}`);
  const [count, width] = shape.length === 1 ? [1, shape[0]] : shape;
  if (shape.length > 2 || count === undefined || width === undefined || count < 1 || width < 1) {
    throw refuse(`"${key}" has the shape [${shape.join(', ')}], where vectors have [count, width]`);
  }
  if (count > MAX_VECTORS) {
    throw refuse(
      `"${key}" has ${count} vectors, and a row of CLIP's has room for ${MAX_VECTORS} tokens; it is not a textual inversion ` +
        'for Stable Diffusion',
    );
  }
  if (!isWeightType(dtype)) throw refuse(`"${key}" is stored as ${dtype}; use one in 16 or 32 bits`);
  const bytes = castBytes(await readTensor(tensor), dtype, 'F32');
  const values = new Float32Array(bytes.slice().buffer);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw refuse(
      `"${key}" holds ${values[wrong]} in its vector ${Math.floor(wrong / width) + 1}: it was broken in its training; ` +
        'use another one',
    );
  }
  return { values, count, width };
}
