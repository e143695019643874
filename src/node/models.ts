/** What `--model` names: the embedded model, a folder or file on the disk, or anything on the network. */
import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STARTER } from '../engine/schema';
import { connect } from '../model/download';
import type { CheckpointFiles } from '../model/files';
import type { LoadProgress } from '../model/load';
import { HUB_URL } from '../model/modelName';
import { clipVocabulary, openModel, prepareSource } from '../model/openModel';
import type { ModelPlan } from '../model/plan';
import type { PrepareProgress } from '../model/prepare';
import { localModel } from '../model/source';
import { folderFiles } from './folder';
import { diskWeightStore } from './weightStore';

const starterFolder = fileURLToPath(new URL('../../public/models/starter/', import.meta.url));

/**
 * `HF_ENDPOINT` and `HF_TOKEN` mean what they mean to Hugging Face's own tools; `INLAY_CACHE` is where models are kept.
 * @throws InputError, CheckpointError, DeviceError, NetworkError as {@link openModel}
 */
export async function modelFiles(
  name: string,
  precision: ModelPlan['precision'],
  signal: AbortSignal,
  onProgress: (progress: LoadProgress) => void,
): Promise<CheckpointFiles> {
  if (name === STARTER) return folderFiles(starterFolder);
  const hubUrl = process.env.HF_ENDPOINT || HUB_URL;
  const token = process.env.HF_TOKEN || undefined;
  const options = {
    store: diskWeightStore(),
    onProgress(progress: PrepareProgress) {
      if (progress.stage === 'download') onProgress(progress);
    },
    tokenizer: () => clipVocabulary(folderFiles(starterFolder), signal),
  };
  const found = await stat(name).catch(() => undefined);
  if (found === undefined) return openModel(name, precision, { ...options, hubUrl, token, signal });
  if (found.isDirectory()) return folderFiles(name);
  // A file's path, size and date stand for its content: it is prepared once.
  const path = resolve(name);
  const blob = await openAsBlob(path);
  const source = localModel(
    `${path} ${found.mtimeMs}`,
    new Map([[path.split(/[\\/]/).at(-1) ?? path, blob]]),
  );
  return prepareSource({ ...source, name, location: path }, precision, connect(hubUrl, signal), options);
}
