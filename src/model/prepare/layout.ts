/** From a plan to the place of every tensor of a model, read only from the headers of its files. */
import { CheckpointError } from '../../contract/errors';
import { type Precision, storedAs } from '../../graph/onnx/types';
import { openCheckpoint } from '../checkpoint/open';
import { noteTensors, type StoredIndex } from '../checkpoint/reader';
import type { SingleFileModel } from '../checkpoint/singleFile';
import { diffusersKeys } from '../checkpoint/textKeys';
import { familyNamed, familyOf, readSingleFile, weightFolders } from '../families';
import { type CheckpointFiles, filesOfTexts, parseJsonFile } from '../files';
import type { OpenLora } from '../lora/choice';
import { loraError } from '../lora/error';
import type { MatrixProduct } from '../lora/merge';
import { resolveLoras } from '../lora/resolve';
import { layOutExports } from '../onnxExport/layout';
import type { Connection, RemoteFile, Validator } from '../source/download';
import { RemoteAccess, readSmallFile } from '../source/sourceFile';
import type { ModelPlan } from './plan';
import { planShards, type ShardPlan, verbatimShard } from './shards';

/** Texts by path within the model. */
export type TextFiles = ReadonlyMap<string, string>;

/** A weights file and what becomes of it. */
export interface SourceLayout {
  file: RemoteFile;
  access: RemoteAccess;
  validator: Validator;
  /** The same value means the same shards: a digest of the headers, and the shards' sizes. */
  layout: string;
  shards: { component: string; plan: ShardPlan }[];
}

export interface ModelLayout {
  sources: SourceLayout[];
  /** Configurations and tokenizers as a repository in the diffusers layout has them. */
  texts: TextFiles;
  /** Bytes of the small files that were fetched. */
  smallBytes: number;
}

export interface LayoutOptions {
  shardBytes?: number;
  tokenizer?: (() => Promise<TextFiles>) | undefined;
  /** What is merged into the weights, in this order. */
  merge?: { loras: readonly OpenLora[]; product: MatrixProduct } | undefined;
}

/**
 * @param validators by path, from an earlier call that was interrupted; filled in for others
 * @throws CheckpointError if a file is damaged or of a kind that Inlay cannot run
 */
export async function layOutModel(
  plan: ModelPlan,
  connection: Connection,
  validators: Map<string, Validator>,
  options: LayoutOptions,
): Promise<ModelLayout> {
  const texts = new Map<string, string>();
  for (const file of plan.small) {
    texts.set(file.path, new TextDecoder().decode(await readSmallFile(file, connection)));
  }
  if (plan.index !== undefined) derive(texts, 'model_index.json', plan.index);
  const smallBytes = plan.small.reduce((sum, { size }) => sum + size, 0);
  const sources: SourceLayout[] = [];
  const open = (file: RemoteFile): RemoteAccess => {
    const validator = validators.get(file.path) ?? {};
    validators.set(file.path, validator);
    return new RemoteAccess(file, connection, validator);
  };
  const add = async (access: RemoteAccess, shards: SourceLayout['shards']) => {
    const { file, validator } = access;
    const sizes = shards.map(({ plan: { path, size } }) => `${path} ${size}`);
    const layout = [await access.digest(), ...sizes].join(', ');
    sources.push({ file, access, validator, layout, shards });
  };

  if (plan.single !== undefined) {
    const access = open(plan.single.file);
    const model = await readSingleFile(await openCheckpoint(access, connection.signal), {
      configs: await configsBeside(filesOfTexts(plan.name, texts)),
      signal: connection.signal,
    });
    const weights = familyNamed(model.family).weights;
    const shards = [...model.components].flatMap(([component, { tensors, config }]) => {
      const precision = weights.find(({ folder }) => folder === component)?.precision(plan.precision, config);
      return numbered(component, tensors, precision ?? plan.precision, 0, options);
    });
    await add(access, shards);
    addDerivedTexts(texts, model);
    await addTokenizers(texts, model, options);
    mergeLoras(plan, sources, texts, options);
    return { sources, texts, smallBytes };
  }

  for (const { folder, precision, format, files } of plan.components) {
    if (format === 'verbatim') {
      for (const access of files.map(open))
        await add(access, [{ component: folder, plan: verbatimShard(access) }]);
      continue;
    }
    if (format === 'onnx') {
      const exports = await layOutExports(plan.name, files, precision, open, options.shardBytes);
      for (const { skeleton, sources } of exports) {
        texts.set(skeleton.path, skeleton.text);
        for (const { access, shards } of sources) await add(access, shards);
      }
      continue;
    }
    const shards: SourceLayout['shards'] = [];
    const owners = new Map<string, string>();
    for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
      const access = open(file);
      const { tensors: stored } = await openCheckpoint(access, connection.signal);
      const tensors = diffusersKeys(folder, stored, file.path);
      noteTensors(owners, tensors.keys(), file.path);
      const here = numbered(folder, tensors, precision, shards.length, options);
      shards.push(...here);
      await add(access, here);
    }
  }
  mergeLoras(plan, sources, texts, options);
  return { sources, texts, smallBytes };
}

/** Marks the tensors that LoRAs change, once all of them are known. */
function mergeLoras(
  plan: ModelPlan,
  sources: SourceLayout[],
  texts: TextFiles,
  { merge }: LayoutOptions,
): void {
  if (merge === undefined) return;
  if (plan.components.some(({ format }) => format === 'onnx')) {
    throw loraError(
      `model "${plan.name}" is an ONNX export, into which no LoRA can be merged; name the model that it was exported from`,
    );
  }
  const components = new Map<string, Map<string, readonly number[]>>();
  for (const { component, plan: shard } of sources.flatMap(({ shards }) => shards)) {
    const shapes = components.get(component) ?? new Map<string, readonly number[]>();
    components.set(component, shapes);
    for (const { key, source } of shard.outputs) shapes.set(key, source.shape);
  }
  const json = (path: string): unknown => JSON.parse(texts.get(path) ?? '{}');
  const family = familyOf({ index: json('model_index.json'), unet: json('unet/config.json') });
  const base = { name: plan.name, components, family: family?.id };
  const changes = resolveLoras(merge.loras, base, merge.product);
  const identity = merge.loras.map(({ digest, weight }) => `${weight} of ${digest}`).join(', ');
  for (const source of sources) {
    source.layout += `, with ${identity}`;
    source.shards = source.shards.map(({ component, plan: shard }) => {
      const outputs = shard.outputs.map((output) => {
        const change = changes.get(component)?.get(output.key);
        return change === undefined ? output : { ...output, change };
      });
      return { component, plan: { ...shard, outputs } };
    });
  }
}

function numbered(
  component: string,
  tensors: StoredIndex,
  precision: Precision,
  before: number,
  { shardBytes }: LayoutOptions,
): { component: string; plan: ShardPlan }[] {
  const name = (number: number) => `${component}/${String(before + number).padStart(5, '0')}.safetensors`;
  return planShards(tensors, storedAs[precision], name, shardBytes).map((plan) => ({ component, plan }));
}

/**
 * What a repository says about the networks in its single file, in `config.json`'s own fields, by folder.
 * @throws CheckpointError if one of them is not JSON
 */
export async function configsBeside(
  files: CheckpointFiles,
): Promise<Record<string, Record<string, unknown>>> {
  const configs: Record<string, Record<string, unknown>> = {};
  for (const { folder } of weightFolders) {
    const path = `${folder}/config.json`;
    const bytes = await files.read(path);
    const json = bytes === undefined ? undefined : parseJsonFile(files, path, bytes);
    if (typeof json === 'object' && json !== null) configs[folder] = { ...json };
  }
  return configs;
}

/** What the repository has beside the single file overrides what is derived from it. */
export function addDerivedTexts(
  texts: Map<string, string>,
  { modelIndex, scheduler, components }: SingleFileModel,
): void {
  derive(texts, 'model_index.json', modelIndex);
  derive(texts, 'scheduler/scheduler_config.json', scheduler);
  // These include what the files beside it say.
  for (const [folder, { config }] of components) {
    texts.set(`${folder}/config.json`, JSON.stringify(config, null, 2));
  }
}

function derive(texts: Map<string, string>, path: string, json: unknown): void {
  if (!texts.has(path)) texts.set(path, JSON.stringify(json, null, 2));
}

/** Single files hold no tokenizer. @throws CheckpointError if there is none beside the file, and no other to use */
async function addTokenizers(
  texts: Map<string, string>,
  { padTokens }: SingleFileModel,
  options: LayoutOptions,
): Promise<void> {
  const lacking = [...padTokens].filter(
    ([folder]) =>
      !texts.has(`${folder}/tokenizer.json`) &&
      (!texts.has(`${folder}/vocab.json`) || !texts.has(`${folder}/merges.txt`)),
  );
  if (lacking.length === 0) return;
  const clip = await options.tokenizer?.();
  for (const [folder, padToken] of lacking) {
    for (const name of ['vocab.json', 'merges.txt']) {
      const text = clip?.get(`tokenizer/${name}`);
      if (text === undefined) {
        throw new CheckpointError(
          `${folder}/${name} is missing: this file holds the networks, but no tokenizer`,
        );
      }
      texts.set(`${folder}/${name}`, text);
    }
    derive(texts, `${folder}/tokenizer_config.json`, {
      model_max_length: 77,
      pad_token: padToken,
      tokenizer_class: 'CLIPTokenizer',
    });
  }
}
