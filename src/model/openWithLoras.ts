/**
 * A model with LoRAs merged into its weights: prepared once from the stored model, or straight from its files, and then
 * stored like any other, under a name that says which LoRAs are in it and at what scale.
 */
import { InputError, InternalError } from '../contract/errors';
import type { Precision } from '../graph/onnx/types';
import { weightFolders } from './families';
import type { LoraChoice } from './lora/choice';
import type { MatrixProduct } from './lora/merge';
import { loraKey, openLora } from './lora/open';
import { type OpenOptions, openModel, planSource } from './openModel';
import { storedName } from './prepare/journal';
import type { ModelPlan } from './prepare/plan';
import { type PrepareProgress, prepareModel } from './prepare/prepare';
import { deleteModel, isPrepared, openPrepared, type PreparedFiles, storedModels } from './prepare/prepared';
import { connect, type RemoteFile } from './source/download';
import { canonicalName, HUB_URL, isOwnName, parseModelName } from './source/modelName';
import { findModel, type Source } from './source/source';

export type MergeProgress =
  | PrepareProgress
  /** The bytes are those of the model's weights. */
  | { stage: 'merge'; file: string; loadedBytes: number; totalBytes: number };

export interface MergeOptions extends Omit<OpenOptions, 'onProgress'> {
  onProgress(progress: MergeProgress): void;
  /** In merge order; at least one. */
  loras: readonly LoraChoice[];
  /** Multiplies the LoRAs' halves; opened only if there is something to merge, and disposed afterwards. */
  openProduct(): MatrixProduct & { dispose(): Promise<void> };
}

/**
 * @param base the model's name, or its files if they are known
 * @throws as `openModel`; InputError (`loras`) and CheckpointError if a LoRA is missing or does not fit
 */
export async function openMerged(
  base: string | Source,
  precision: Precision,
  options: MergeOptions,
): Promise<PreparedFiles> {
  const { store, loras, signal, hubUrl = HUB_URL, token } = options;
  const name = typeof base === 'string' ? base : base.name;
  const baseKey = typeof base === 'string' ? keyOf(base, hubUrl) : base.key;
  const key = [baseKey, ...loras.map(({ source, weight }) => `+ ${weight} ${loraKey(source, hubUrl)}`)].join(
    '\n',
  );

  // 1. Merged before
  const stored = await openPrepared(store, key, precision);
  if (stored !== undefined) return { ...stored, name };

  // 2. The model, and the LoRAs
  const connection = connect(hubUrl, signal, { token });
  const plan = await planBase(base, precision, options);
  const opened = [];
  for (const choice of loras) {
    opened.push(await openLora(choice, { store, connection, hubUrl, onProgress: options.onProgress }));
  }

  // 3. Both in one
  const notes = opened.map((lora) => `with the LoRA ${lora.name} at ${lora.weight}`);
  const merged: ModelPlan = { ...plan, key, name, notes: [...plan.notes, ...notes] };
  const product = options.openProduct();
  try {
    const merge = { base: baseKey, loras: opened, product };
    await prepareModel(merged, store, connection, {
      ...options,
      merge,
      onProgress: (progress) =>
        options.onProgress(progress.stage === 'download' ? { ...progress, stage: 'merge' } : progress),
    });
  } finally {
    await product.dispose();
  }
  await forgetOtherMerges(baseKey, storedName(key, precision), precision, options);
  const prepared = await openPrepared(store, key, precision);
  if (prepared === undefined) throw new InternalError(`${name} was merged but cannot be opened`);
  return { ...prepared, name };
}

function keyOf(name: string, hubUrl: string): string {
  return isOwnName(name) ? name.trim() : canonicalName(name, hubUrl);
}

/** The stored model is read if there is one, so that another scale costs no download. */
async function planBase(
  base: string | Source,
  precision: Precision,
  options: MergeOptions,
): Promise<ModelPlan> {
  const { hubUrl = HUB_URL, signal, token } = options;
  const connection = connect(hubUrl, signal, { token });
  if (typeof base !== 'string') return planSource(base, precision, connection);
  if (!isOwnName(base) && parseModelName(base, hubUrl).kind === 'folder') {
    return planSource(await findModel(base, connection, hubUrl), precision, connection);
  }
  const files = await openModel(base, precision, options);
  if (!isPrepared(files)) throw new InternalError(`${base} was opened but not prepared`);
  return planPrepared(files);
}

/** The plan to read a prepared model's own files. */
async function planPrepared({ manifest, read, openShard }: PreparedFiles): Promise<ModelPlan> {
  if (!manifest.files.includes('unet/config.json') || manifest.files.some((path) => path.includes('.onnx'))) {
    throw new InputError(
      'loras',
      `loras: "${manifest.name}" is an ONNX export, into which no LoRA can be merged; name the model that it was exported from`,
    );
  }
  const small: RemoteFile[] = [];
  for (const path of manifest.files) {
    const bytes = await read(path);
    if (bytes !== undefined) small.push({ path, size: bytes.byteLength, at: { blob: new Blob([bytes]) } });
  }
  const components: ModelPlan['components'][number][] = [];
  for (const { folder } of weightFolders) {
    const stored = manifest.components[folder];
    if (stored === undefined) continue;
    const files: RemoteFile[] = [];
    for (const shard of stored.shards) {
      const { path, size, digest } = shard;
      files.push({ path, size, at: { blob: await openShard(shard) }, version: digest });
    }
    components.push({ folder, precision: stored.precision, format: 'safetensors', files });
  }
  const all = [...small, ...components.flatMap(({ files }) => files)];
  const { name, location, commit, licence, precision, notes } = manifest;
  return {
    key: '',
    name,
    location,
    ...(commit === undefined ? {} : { commit }),
    ...(licence === undefined ? {} : { licence }),
    precision,
    components,
    small,
    downloadBytes: all.reduce((sum, { size }) => sum + size, 0),
    notes,
  };
}

/**
 * Another scale means another model of gigabytes: only the last merge of each base is kept, since an earlier one can be made
 * again without a network. One that another tab uses is kept too.
 */
async function forgetOtherMerges(
  base: string,
  kept: string,
  precision: Precision,
  { store }: MergeOptions,
): Promise<void> {
  for (const { folder, manifest } of await storedModels(store)) {
    if (manifest?.mergedFrom !== base || manifest.precision !== precision || folder === kept) continue;
    await deleteModel(store, folder).catch((error: unknown) => {
      if (!(error instanceof InputError)) throw error;
    });
  }
}
