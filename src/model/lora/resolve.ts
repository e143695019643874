/** Finds the weight that each pair of a LoRA changes, and refuses LoRAs made for another model. */
import type { CheckpointError } from '../../contract/errors';
import { type FamilyId, familyTitle } from '../../contract/families';
import { countValues, type IndexedTensor, readTensor } from '../checkpoint/reader';
import { castBytes, isWeightType } from '../weights/cast';
import { firstNonFinite } from '../weights/finite';
import type { OpenLora } from './choice';
import { loraError } from './error';
import { familyOfLora } from './family';
import { type LoraFile, type LoraModule, readLoraFile } from './file';
import { addFactors, type MatrixProduct } from './merge';
import { moduleNames } from './names';

/** Changes a weight in place. @param weight row after row */
export type Merge = (weight: Float32Array) => Promise<void>;

/** Shapes of a model's tensors under diffusers' keys. */
export type BaseShapes = ReadonlyMap<string, readonly number[]>;

export interface Base {
  /** Its name in errors. */
  name: string;
  /** By folder. */
  components: ReadonlyMap<string, BaseShapes>;
  /** Undefined if its configurations do not tell. */
  family: FamilyId | undefined;
}

/** @returns by component and key of the weight, what is to be done to it */
export type Merges = ReadonlyMap<string, ReadonlyMap<string, Merge>>;

/**
 * @throws CheckpointError naming the first key for which the model has no weight, and both families
 */
export function resolveLoras(loras: readonly OpenLora[], base: Base, product: MatrixProduct): Merges {
  const steps = new Map<string, Map<string, Merge[]>>();
  const names = new Map(
    [...base.components].map(([component, shapes]) => [component, moduleNames(shapes.keys())]),
  );
  for (const lora of loras) {
    const file = readLora(lora, base);
    for (const module of file.modules) {
      const key = names.get(module.component)?.find(module);
      const shape = key === undefined ? undefined : base.components.get(module.component)?.get(key);
      if (key === undefined || shape === undefined) {
        throw mismatch(file, base, `it has no weight for "${module.key}"`);
      }
      refuseTornPair(file.name, module);
      const fit = misfit(module, shape);
      if (fit !== undefined) throw mismatch(file, base, `"${module.key}" ${fit}`);
      const merges = steps.get(module.component) ?? new Map<string, Merge[]>();
      steps.set(module.component, merges);
      const before = merges.get(key) ?? [];
      merges.set(key, [...before, mergeOf(module, lora.weight, product)]);
    }
  }
  const inTurn =
    (merges: readonly Merge[]): Merge =>
    async (weight) => {
      for (const merge of merges) await merge(weight);
    };
  return new Map(
    [...steps].map(([component, merges]) => [
      component,
      new Map([...merges].map(([key, each]) => [key, inTurn(each)])),
    ]),
  );
}

/** A file whose keys show that it was made for another architecture gets that message; it is not called damaged. */
function readLora({ checkpoint }: OpenLora, base: Base): LoraFile {
  const keys = [...checkpoint.tensors.keys()];
  const made = familyOfLora(keys, { metadata: checkpoint.metadata });
  if (made?.runs === false) {
    throw mismatch(
      { name: checkpoint.name, keys, metadata: checkpoint.metadata },
      base,
      `it has no weight for "${made.key ?? keys[0]}"`,
    );
  }
  return readLoraFile(checkpoint);
}

function mismatch(
  file: Pick<LoraFile, 'name' | 'keys' | 'metadata'> & Partial<LoraFile>,
  { name, family }: Base,
  what: string,
): CheckpointError {
  const model = family === undefined ? 'of another family' : familyTitle(family);
  const lora = familyOfLora(file.keys, file)?.name;
  const made =
    lora === undefined
      ? 'the LoRA was made for another kind of model'
      : lora === model
        ? `the LoRA was made for ${lora} too, but for a model built otherwise`
        : `the LoRA was made for ${lora}`;
  return loraError(
    `LoRA ${file.name} does not fit model "${name}": ${what}; the model is ${model}, ${made}: choose one that fits`,
  );
}

/** A full-rank extraction of the widest weight has 5,120. */
const MAX_RANK = 16_384;

/** Factors that do not belong together fit no model at all. @throws CheckpointError naming both and their shapes */
function refuseTornPair(name: string, { key, upKey, down, up, mid }: LoraModule): void {
  const rank = down.shape[0] ?? 0;
  if (rank > MAX_RANK) {
    throw loraError(
      `LoRA ${name}: "${key}" has a rank of ${rank}, more than the ${MAX_RANK} that any LoRA has; the file is damaged`,
    );
  }
  const inner = up.shape[1] ?? 1;
  const isTorn = mid !== undefined && (mid.shape[0] !== inner || mid.shape[1] !== rank);
  if (inner === rank && !isTorn) return;
  const middle = mid === undefined ? '' : ` (and between them [${mid.shape.join(', ')}])`;
  throw loraError(
    `LoRA ${name}: "${key}" of shape [${down.shape.join(', ')}] and "${upKey}" of shape [${up.shape.join(', ')}]${middle} ` +
      `disagree: the one has the rank ${rank}, the other ${inner}; the file is damaged or was put together from two, get it again`,
  );
}

/** @returns what is wrong with the factors' shapes for that weight */
function misfit({ down, up, mid }: LoraModule, shape: readonly number[]): string | undefined {
  const rank = down.shape[0] ?? 0;
  const [out = 0, inputs = 0, ...kernel] = shape;
  // 1×1 convolutions and matrices hold the same values: trainers write either for the other.
  const expectedDown = mid === undefined ? [rank, inputs, ...kernel] : [rank, inputs];
  const fits =
    rank > 0 &&
    isSame(down.shape, expectedDown) &&
    isSame(up.shape, [out, rank]) &&
    (mid === undefined || isSame(mid.shape, [rank, rank, ...kernel]));
  if (fits) return undefined;
  const product = [up, ...(mid ? [mid] : []), down].map(({ shape }) => `[${shape.join(', ')}]`).join(' · ');
  return `is ${product}, which does not fit a weight of shape [${shape.join(', ')}]`;
}

/** Trailing ones do not count. */
function isSame(a: readonly number[], b: readonly number[]): boolean {
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_, i) => (a[i] ?? 1) === (b[i] ?? 1)).every(Boolean);
}

function mergeOf(module: LoraModule, weight: number, product: MatrixProduct): Merge {
  return async (values) => {
    // Read when their turn comes, so that a LoRA of a gigabyte is never in memory as a whole.
    const [up, down, mid] = await Promise.all([
      floats(module.upKey, module.up),
      floats(module.key, module.down),
      module.mid && floats(module.key, module.mid),
    ]);
    const rank = module.down.shape[0] ?? 0;
    const alpha = await alphaOf(module);
    const divisor = module.isRankStabilized ? Math.sqrt(rank) : rank;
    const scale = alpha === undefined ? weight : (weight * alpha) / divisor;
    await addFactors(product, values, { up, down, ...(mid && { mid }), rank, scale });
  };
}

async function alphaOf({ alpha, ...module }: LoraModule): Promise<number | undefined> {
  if (alpha === undefined || typeof alpha === 'number') return alpha;
  if (countValues(alpha.shape) !== 1) {
    throw loraError(`LoRA ${alpha.file.name}: the alpha of "${module.key}" is not one number`);
  }
  // Older trainers wrote it as an integer.
  if (alpha.dtype === 'I64' || alpha.dtype === 'I32') {
    const bytes = await readTensor(alpha);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return alpha.dtype === 'I64' ? Number(view.getBigInt64(0, true)) : view.getInt32(0, true);
  }
  return (await floats(module.key, alpha))[0];
}

async function floats(key: string, tensor: IndexedTensor): Promise<Float32Array> {
  if (!isWeightType(tensor.dtype)) {
    throw loraError(`LoRA ${tensor.file.name}: "${key}" is of type ${tensor.dtype}, which is not supported`);
  }
  const stored = await readTensor(tensor);
  if (firstNonFinite(stored, tensor.dtype) >= 0) {
    throw loraError(
      `LoRA ${tensor.file.name}: "${key}" holds NaN or infinite numbers, so no image can come of it; its training went ` +
        'wrong or the file is damaged: use an earlier save of it, or another LoRA',
    );
  }
  const bytes = castBytes(stored, tensor.dtype, 'F32');
  return new Float32Array(bytes.slice().buffer);
}
