/** What the key maps of a single file share. */
import { CheckpointError, UnsupportedError } from '../../../contract/errors';
import type { IndexedTensor, StoredIndex } from '../reader';

/** One network of a single file, as its folder in the diffusers layout would hold it. */
export interface Component {
  /** What `config.json` would say: derived from the shapes, and from the family if the shapes cannot tell. */
  config: Readonly<Record<string, unknown>>;
  /** Under diffusers' keys. */
  tensors: StoredIndex;
}

/** A network's tensors in the original layout, their common prefix cut off. */
export interface OriginalPart {
  /** The file's name in errors. */
  file: string;
  /** As in the file, e.g. `model.diffusion_model.`; may be empty. */
  prefix: string;
  tensors: StoredIndex;
}

/** The tensors under a prefix. */
export function partOf(file: string, tensors: StoredIndex, prefix: string): OriginalPart {
  const part = new Map<string, IndexedTensor>();
  for (const [key, tensor] of tensors) {
    if (key.startsWith(prefix)) part.set(key.slice(prefix.length), tensor);
  }
  return { file, prefix, tensors: part };
}

/** @throws CheckpointError if the part lacks the tensor */
export function need(part: OriginalPart, key: string): IndexedTensor {
  const tensor = part.tensors.get(key);
  if (tensor !== undefined) return tensor;
  throw new CheckpointError(
    `${part.file}: tensor "${part.prefix}${key}" is missing; the file is incomplete or not a Stable Diffusion checkpoint`,
  );
}

/** Size of one dimension of a tensor that the part cannot lack. */
export function sizeOf(part: OriginalPart, key: string, dimension: number): number {
  const { shape } = need(part, key);
  const size = shape[dimension];
  if (size !== undefined && size > 0) return size;
  throw new CheckpointError(
    `${part.file}: tensor "${part.prefix}${key}" has the shape [${shape}]; the file is damaged`,
  );
}

/** How many consecutive numbers, from 0, `name(number)` finds in the part. */
export function countWhile(part: OriginalPart, name: (index: number) => string): number {
  let count = 0;
  while (part.tensors.has(name(count))) count++;
  return count;
}

/** A tensor that no network of the family has: using the rest could give a wrong picture. */
export function unknownTensor(part: OriginalPart, key: string): UnsupportedError {
  return new UnsupportedError(
    `${part.file}: tensor "${part.prefix}${key}" belongs to no Stable Diffusion network that Inlay knows; ` +
      'the model has parts that are not supported',
  );
}

/** Another part of the file maps to the same key: the file holds the network twice. */
export function addOnce(
  part: OriginalPart,
  target: Map<string, IndexedTensor>,
  key: string,
  tensor: IndexedTensor,
): void {
  if (target.has(key)) {
    throw new CheckpointError(
      `${part.file}: two tensors under "${part.prefix}" stand for "${key}"; the file is damaged`,
    );
  }
  target.set(key, tensor);
}

/** The widest group that torch's GroupNorm of these models could have: 32, as all of Stable Diffusion has. */
export const NORM_GROUPS = 32;

/** Parts of a key between dots that are numbers. */
export function index(text: string | undefined): number {
  return Number(text ?? Number.NaN);
}
