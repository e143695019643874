/** What `--model` names: the embedded model, a folder or file on the disk, or anything on the network. */
import { openAsBlob } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EmbeddingOption, type LoraOption, STARTER } from '../../contract/schema';
import type { LocalFile } from '../../model/addOnSource';
import { chooseEmbedding, type Embedding, embeddingChoice, openEmbeddings } from '../../model/embedding/open';
import type { CheckpointFiles } from '../../model/files';
import type { LoadProgress } from '../../model/load';
import type { LoraChoice } from '../../model/lora/choice';
import { choiceOfFile, chooseLora } from '../../model/lora/open';
import { clipVocabulary, openModel, prepareSource } from '../../model/openModel';
import { type MergeProgress, openMerged } from '../../model/openWithLoras';
import { createProduct } from '../../model/runtime/ortProduct';
import type { Runtime } from '../../model/runtime/session';
import { connect } from '../../model/source/download';
import { HUB_URL } from '../../model/source/modelName';
import { folderFiles, localSource } from '../folder';
import { diskWeightStore } from '../weightStore';

/** The model that comes with Inlay. */
export const starterFolder = fileURLToPath(new URL('../../../public/models/starter/', import.meta.url));

export interface ModelFilesCall {
  runtime: Runtime;
  signal: AbortSignal;
  onProgress(progress: LoadProgress): void;
  loras?: readonly LoraOption[];
  /** As `PrepareOptions.admit`: folders are read as they stand, so whoever runs them asks again. */
  admit(files: CheckpointFiles): Promise<void>;
}

/**
 * `HF_ENDPOINT` and `HF_TOKEN` mean what they mean to Hugging Face's own tools; `INLAY_CACHE` is where models are kept.
 * @throws InputError, CheckpointError, DeviceError, NetworkError as {@link openModel}; what `admit` throws
 */
export async function modelFiles(name: string, call: ModelFilesCall): Promise<CheckpointFiles> {
  const { runtime, signal, onProgress, loras = [], admit } = call;
  if (name === STARTER && loras.length === 0) return folderFiles(starterFolder);
  const hubUrl = process.env.HF_ENDPOINT || HUB_URL;
  const token = process.env.HF_TOKEN || undefined;
  const options = {
    store: diskWeightStore(),
    admit,
    onProgress(progress: MergeProgress) {
      if (progress.stage !== 'wait') onProgress(progress);
    },
    tokenizer: () => clipVocabulary(folderFiles(starterFolder), signal),
  };
  const { precision } = runtime.target;
  const path = name === STARTER ? starterFolder : name;
  const found = await stat(path).catch(() => undefined);
  const opening = { ...options, hubUrl, token, signal };
  if (loras.length > 0) {
    const base = found === undefined ? name : { ...(await localSource(path)), name };
    const choices = await Promise.all(loras.map(choiceOf));
    const openProduct = () => createProduct(runtime);
    return openMerged(base, precision, { ...opening, openProduct, loras: choices });
  }
  if (found === undefined) return openModel(name, precision, opening);
  if (found.isDirectory()) return folderFiles(name);
  return prepareSource(await localSource(name), precision, connect(hubUrl, signal), options);
}

/** @throws InputError (`loras`) where a folder holds several files */
async function choiceOf({ source, weight }: LoraOption): Promise<LoraChoice> {
  if (typeof source !== 'string') return choiceOfFile({ source, weight });
  return { source: (await localFile(source, chooseLora)) ?? source, weight };
}

/**
 * @throws InputError (`embeddings`) where one is missing, or a folder holds several; CheckpointError where one is damaged
 */
export async function openEmbeddingFiles(
  options: readonly EmbeddingOption[],
  { signal, onProgress }: Pick<ModelFilesCall, 'signal' | 'onProgress'>,
): Promise<Embedding[]> {
  const hubUrl = process.env.HF_ENDPOINT || HUB_URL;
  const choices = await Promise.all(
    options.map(async (option) => {
      const choice = embeddingChoice(option);
      if (typeof choice.source !== 'string') return choice;
      return { ...choice, source: (await localFile(choice.source, chooseEmbedding)) ?? choice.source };
    }),
  );
  return openEmbeddings(choices, {
    store: diskWeightStore(),
    connection: connect(hubUrl, signal, { token: process.env.HF_TOKEN || undefined }),
    hubUrl,
    onProgress(progress) {
      if (progress.stage !== 'wait') onProgress(progress);
    },
  });
}

/** @returns undefined where nothing on the disk is called so */
async function localFile(
  source: string,
  choose: (source: string, files: readonly { path: string }[]) => { path: string },
): Promise<LocalFile | undefined> {
  const found = await stat(source).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return fileAt(source);
  const files = (await readdir(source)).map((path) => ({ path }));
  return fileAt(join(source, choose(source, files).path));
}

async function fileAt(path: string): Promise<LocalFile> {
  const { size, mtimeMs } = await stat(path);
  return { name: path, blob: await openAsBlob(path), version: `${size} ${mtimeMs}` };
}
