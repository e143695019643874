/** A prepared model, opened from the store. No network is needed. */
import { CheckpointError, InputError } from '../../contract/errors';
import { isStoredType, type Precision, type StoredType, type TensorEntry } from '../../graph/onnx/types';
import { forgetAssistant, isAssistant } from '../../storage/assistants';
import type { ModelFolder, WeightStore } from '../../storage/weights';
import { parseSafetensorsHeader, safetensorsHeaderBytes } from '../checkpoint/safetensors';
import type { CheckpointFiles } from '../files';
import { castFile, type WeightFile, type Weights } from '../weights/componentWeights';
import { digestOf } from './digest';
import {
  forgetDescription,
  isDescribed,
  type Manifest,
  readManifest,
  reopenJournal,
  type StoredShard,
  storedName,
} from './journal';

/** A checkpoint whose weights are already stored in the device's precision. */
export interface PreparedFiles extends CheckpointFiles {
  readonly manifest: Manifest;
  /** The name of its folder in the store. */
  readonly folder: string;
  /**
   * The weights of one component, as files that ONNX Runtime reads piece by piece.
   * @param folder e.g. `unet`
   * @param type `as stored` for exports, whose tensors may differ among themselves
   * @throws CheckpointError if a shard is missing or damaged; the model is unfinished from then on
   */
  openWeights(folder: string, type: StoredType | 'as stored'): Promise<Weights>;
  /**
   * A weights file, verified to be what was stored.
   * @throws CheckpointError as `openWeights`
   */
  openShard(shard: StoredShard): Promise<Blob>;
}

/** Whether a checkpoint's weights are in the store already, ready for the device. */
export function isPrepared(files: CheckpointFiles): files is PreparedFiles {
  return 'openWeights' in files;
}

/**
 * @param key as of the plan; of a name typed by the user: `canonicalName(name)`
 * @returns undefined if the model is not stored, or not finished
 */
export async function openPrepared(
  store: WeightStore,
  key: string,
  precision: Precision,
): Promise<PreparedFiles | undefined> {
  return openStored(store, storedName(key, precision));
}

/** @param name of the folder in the store @returns undefined if it holds no finished model */
export async function openStored(store: WeightStore, name: string): Promise<PreparedFiles | undefined> {
  const folder = store.model(name);
  const manifest = await readManifest(folder);
  if (manifest === undefined) return undefined;
  const openShard = async (shard: StoredShard): Promise<Blob> => {
    const blob = await soundShard(folder, shard);
    if (blob instanceof Blob) return blob;
    throw await reportLost(store, name, manifest, shard, blob);
  };
  return {
    name: manifest.name,
    folder: name,
    manifest,
    async read(path) {
      const text = manifest.files.includes(path) ? await folder.readText(`files/${path}`) : undefined;
      if (text === undefined) return undefined;
      const bytes = new TextEncoder().encode(text);
      const digest = manifest.textDigests?.[path];
      if (digest !== undefined && (await digestOf(new Blob([bytes]))) !== digest)
        throw await reportLost(store, name, manifest, { path, size: bytes.byteLength }, 'changed in');
      return bytes;
    },
    openShard,
    async openWeights(component, wanted) {
      const stored = manifest.components[component];
      if (stored === undefined) {
        throw new CheckpointError(
          `model "${manifest.name}": ${component} is not among what was stored of it`,
        );
      }
      const index = new Map<string, TensorEntry>();
      const files = new Map<string, WeightFile>();
      for (const shard of stored.shards) {
        const { file, entries } = await openEntries(await openShard(shard), shard, wanted);
        files.set(shard.path, file);
        for (const [key, entry] of entries) index.set(key, entry);
      }
      return { index, files };
    },
  };
}

type Loss = 'removed from' | 'cut short in' | 'changed in';

/** @returns the shard, or how it differs from what was stored */
async function soundShard(folder: ModelFolder, { path, size, digest }: StoredShard): Promise<Blob | Loss> {
  const blob = await folder.open(path);
  if (blob === undefined) return 'removed from';
  if (blob.size !== size) return 'cut short in';
  // On every load: a changed byte would give a wrong image, and reading once more takes seconds (bench/digest.ts).
  return (await digestOf(blob)) === digest ? blob : 'changed in';
}

async function openEntries(
  blob: Blob,
  { path, size }: StoredShard,
  wanted: StoredType | 'as stored',
): Promise<{ file: WeightFile; entries: Weights['index'] }> {
  const headerBytes = safetensorsHeaderBytes(await bytesOf(blob.slice(0, 8)), path);
  const tensors = parseSafetensorsHeader(await bytesOf(blob.slice(0, headerBytes)), size, path);
  const isWanted = [...tensors.values()].every(({ dtype }) => dtype === wanted);
  if (wanted !== 'as stored' && !isWanted) {
    const cast = castFile(path, await bytesOf(blob), tensors, wanted);
    return { file: cast.bytes, entries: cast.index };
  }
  return {
    file: blob,
    entries: new Map(
      [...tensors].map(([key, { dtype, ...tensor }]) => {
        if (!isStoredType(dtype))
          throw new CheckpointError(`${path}: "${key}" is stored as ${dtype}; delete the model`);
        return [key, { ...tensor, dtype, path }];
      }),
    ),
  };
}

/** Nothing of that file may be used again: the next call fetches only that file. @returns the message for the user */
async function reportLost(
  store: WeightStore,
  name: string,
  manifest: Manifest,
  lost: { path: string; size: number },
  how: Loss,
): Promise<CheckpointError> {
  const what = `model "${manifest.name}": ${lost.path} was ${how} this machine's storage`;
  const folder = store.model(name);
  if (await store.isBusy(name)) {
    return new CheckpointError(`${what}; another tab is repairing it: wait, then try again`);
  }
  await store.exclusively(
    name,
    new AbortController().signal,
    () => {},
    async () => {
      const now = await readManifest(folder);
      // Another tab may have got here first, and repaired it or fetched another version.
      const shards = Object.values(now?.components ?? {}).flatMap((component) => component.shards);
      const shard = shards.find(({ path }) => path === lost.path);
      const isMended = shard !== undefined && (await soundShard(folder, shard)) instanceof Blob;
      if (now !== undefined && !isMended) await reopenJournal(folder, now, lost.path);
    },
  );
  const size = lost.size >= 1e6 ? `${Math.ceil(lost.size / 1e6)} MB` : `${Math.ceil(lost.size / 1e3)} kB`;
  return new CheckpointError(
    `${what}. Everything else is intact. Try again to download this file of ${size}`,
  );
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}

/**
 * A model stored under a name that can't be downloaded: the user's own files.
 * @param precision preferred if the model is stored in both
 * @returns undefined if no complete model of that name is stored
 */
export async function openNamed(
  store: WeightStore,
  name: string,
  precision: Precision,
): Promise<PreparedFiles | undefined> {
  const named = (await storedModels(store)).filter(({ manifest }) => manifest?.name === name);
  const found = named.find(({ manifest }) => manifest?.precision === precision) ?? named[0];
  return found === undefined ? undefined : openStored(store, found.folder);
}

export interface StoredModel {
  /** The folder's name, for {@link deleteModel}. */
  folder: string;
  /** Absent while it is not finished. */
  manifest: Manifest | undefined;
}

/** All models of a store, finished or not. */
export async function storedModels(store: WeightStore): Promise<StoredModel[]> {
  const folders = await store.models();
  return Promise.all(
    folders.map(async (folder) => ({ folder, manifest: await readManifest(store.model(folder)) })),
  );
}

/**
 * Finishes interrupted deletions: their folders still hold files, but no record of them. A model whose download has only
 * just begun is being prepared, and is left alone.
 */
export async function clearRemains(store: WeightStore): Promise<void> {
  const isKnown = async (folder: ModelFolder) => (await isDescribed(folder)) || (await isAssistant(folder));
  for (const name of await store.models()) {
    const folder = store.model(name);
    if (!(await isKnown(folder)))
      await store.ifUnused(name, async () => {
        if (!(await isKnown(folder))) await folder.clear();
      });
  }
}

/**
 * Frees the space of a model or an assistant.
 * @param folder as {@link storedModels} gives it
 * @throws InputError (`model_name`) while it is in use or being prepared somewhere
 */
export async function deleteModel(store: WeightStore, folder: string): Promise<void> {
  const clear = async () => {
    // First: what an interrupted deletion leaves must neither look complete nor resume by itself.
    await forgetDescription(store.model(folder));
    await forgetAssistant(store.model(folder));
    await store.model(folder).clear();
  };
  if (await store.ifUnused(folder, clear)) return;
  throw new InputError(
    'model_name',
    'The model is in use, or being downloaded, in this tab or another: stop that first, then delete it',
  );
}
