/** From a model's name to its files, ready to run: from the store, or through the network into the store. */
import { InputError } from '../contract/errors';
import type { Precision } from '../graph/onnx/types';
import type { WeightStore } from '../storage/weights';
import { familyOf } from './families';
import { refuseOtherPipeline } from './families/unsupported';
import { type CheckpointFiles, httpFiles, parseJsonFile, readRequired } from './files';
import type { TextFiles } from './prepare/layout';
import { type ModelPlan, planModel } from './prepare/plan';
import { type PrepareOptions, type PrepareProgress, prepareModel } from './prepare/prepare';
import { openNamed, openPrepared, type PreparedFiles } from './prepare/prepared';
import { type Connection, connect, type Manners } from './source/download';
import { canonicalName, HUB_URL, isOwnName, parseModelName } from './source/modelName';
import { findModel, type Source } from './source/source';
import { readSmallFile } from './source/sourceFile';

export interface OpenOptions extends PrepareOptions {
  store: WeightStore;
  signal: AbortSignal;
  onProgress(progress: PrepareProgress): void;
  hubUrl?: string | undefined;
  /** Kept by the caller for the session; sent only to the hub. */
  token?: string | undefined;
  manners?: Manners | undefined;
}

/**
 * A model by the name that the user gives it.
 * @param precision in which the device runs it
 * @throws InputError if there is no such model or it wants a token; CheckpointError, DeviceError and NetworkError
 *   as {@link prepareModel}
 */
export async function openModel(
  name: string,
  precision: Precision,
  options: OpenOptions,
): Promise<CheckpointFiles> {
  const { store, hubUrl = HUB_URL, token, signal } = options;
  if (isOwnName(name)) {
    const own = await openNamed(store, name.trim(), precision);
    if (own !== undefined) return own;
    throw new InputError(
      'model_name',
      `model_name: "${name}" is a file or folder of your own that is not kept whole; open it again to go on`,
    );
  }
  const parsed = parseModelName(name, hubUrl);
  // A folder on a web server has no versions: it is read as is.
  if (parsed.kind === 'folder') return httpFiles(name, parsed.url, options.manners);
  const stored = await openPrepared(store, canonicalName(name, hubUrl), precision);
  // It may be stored under another of its names.
  if (stored !== undefined) return { ...stored, name };
  const connection = connect(hubUrl, signal, { token, ...options.manners });
  return prepareSource(await findModel(name, connection, hubUrl), precision, connection, options);
}

/** A model whose files are known: those of a listing, or the user's own. */
export async function prepareSource(
  source: Source,
  precision: Precision,
  connection: Connection,
  options: Omit<OpenOptions, 'signal'>,
): Promise<PreparedFiles> {
  const { store } = options;
  const stored = await openPrepared(store, source.key, precision);
  if (stored !== undefined) return { ...stored, name: source.name };
  const plan = await planSource(source, precision, connection);
  await prepareModel(plan, store, connection, options);
  const prepared = await openPrepared(store, source.key, precision);
  if (prepared === undefined) throw new Error(`${source.name} was prepared but cannot be opened`);
  return prepared;
}

/**
 * Which files of a source to fetch; of its files only a few configurations are read.
 * @throws CheckpointError if it is of a kind that Inlay cannot run
 */
export async function planSource(
  source: Source,
  precision: Precision,
  connection: Connection,
): Promise<ModelPlan> {
  if (source.only !== undefined) return planModel(source, precision);
  const json = async (path: string): Promise<unknown> => {
    const file = source.files.find((file) => file.path === path);
    return file && parseJsonFile(source, path, await readSmallFile(file, connection));
  };
  const index = await json('model_index.json');
  refuseOtherPipeline(source.name, index);
  const configs = new Map<string, unknown>();
  const family = familyOf({ index, paths: source.files.map(({ path }) => path) });
  for (const { folder, exports, configDecides } of family?.weights ?? []) {
    if (!configDecides) continue;
    for (const name of [folder, ...exports]) {
      const config = configs.get(folder) ?? (await json(`${name}/config.json`));
      if (config !== undefined) configs.set(folder, config);
    }
  }
  return planModel(source, precision, { index, configs });
}

/** All Stable Diffusion models share one vocabulary, which single files leave out: it is taken from a model that has it. */
export async function clipVocabulary(files: CheckpointFiles, signal: AbortSignal): Promise<TextFiles> {
  const texts = new Map<string, string>();
  for (const path of ['tokenizer/vocab.json', 'tokenizer/merges.txt']) {
    texts.set(path, new TextDecoder().decode(await readRequired(files, path, { signal })));
  }
  return texts;
}
