/** A LoRA by the name that a person gives it: found, fetched once into the store, its header read. */
import { CheckpointError, InputError } from '../../engine/errors';
import type { WeightStore } from '../../storage/weights';
import { openCheckpoint } from '../checkpoint/open';
import { blobSource, type StoredCheckpoint } from '../checkpoint/reader';
import { digestOf } from '../prepare/digest';
import { lendHasher } from '../prepare/hashers';
import { type Manifest, readManifest, storedName, writeManifest } from '../prepare/journal';
import type { PrepareProgress } from '../prepare/prepare';
import { type Connection, download, type RemoteFile } from '../source/download';
import { canonicalName, HUB_URL, parseModelName } from '../source/modelName';
import { findModel, probe } from '../source/source';
import { wrongDigest } from '../source/sourceFile';
import type { LoraChoice, OpenLora } from './choice';
import { loraError } from './error';

export interface OpenLoraOptions {
  store: WeightStore;
  connection: Connection;
  hubUrl?: string | undefined;
  onProgress?(progress: PrepareProgress): void;
}

/** The path of the one file that the folder of a stored LoRA holds. */
const STORED = 'lora/weights';
/** diffusers' own name; first where a repository holds several. */
const USUAL = 'pytorch_lora_weights.safetensors';
const WEIGHTS = /\.(safetensors|bin|pt|ckpt)$/i;

/** A person's own file as it comes out of the request. */
export function choiceOfFile({ source, weight }: { source: string | File; weight: number }): LoraChoice {
  if (typeof source === 'string') return { source, weight };
  return {
    source: { name: source.name, blob: source, version: `${source.size} ${source.lastModified}` },
    weight,
  };
}

/**
 * One name for all that a LoRA may be called, found without a network.
 * @throws InputError (`loras`) where it is no name
 */
export function loraKey(source: LoraChoice['source'], hubUrl = HUB_URL): string {
  if (typeof source !== 'string') return `${source.name} ${source.version}`;
  return aboutLoras(() => canonicalName(source, hubUrl));
}

/**
 * @throws InputError (`loras`) where there is no such LoRA, or a repository holds several and none was chosen
 * @throws CheckpointError, NetworkError, DeviceError as for models
 */
export async function openLora({ source, weight }: LoraChoice, options: OpenLoraOptions): Promise<OpenLora> {
  const { connection } = options;
  if (typeof source !== 'string') {
    const checkpoint = await openFile(source.name, source.blob, connection.signal);
    return { name: source.name, weight, digest: `${source.name} ${source.version}`, checkpoint };
  }
  const { blob, digest } = await storedLora(source, options);
  return { name: source, weight, digest, checkpoint: await openFile(source, blob, connection.signal) };
}

async function openFile(name: string, blob: Blob, signal: AbortSignal): Promise<StoredCheckpoint> {
  try {
    return await openCheckpoint(blobSource(name, blob), signal);
  } catch (error) {
    if (error instanceof CheckpointError) throw loraError(`LoRA ${error.message}`, error);
    throw error;
  }
}

async function storedLora(source: string, options: OpenLoraOptions): Promise<{ blob: Blob; digest: string }> {
  const { store, connection, hubUrl = HUB_URL, onProgress } = options;
  const folderName = storedName(`lora ${loraKey(source, hubUrl)}`, 'fp32');
  const wait = () => onProgress?.({ stage: 'wait' });
  return store.exclusively(folderName, connection.signal, wait, async () => {
    const folder = store.model(folderName);
    for (let attempt = 1; ; attempt++) {
      const manifest = (await readManifest(folder)) ?? (await fetchLora(source, hubUrl, folderName, options));
      const shard = manifest.components.lora?.shards[0];
      const blob = await folder.open(STORED);
      if (shard !== undefined && blob !== undefined && (await digestOf(blob)) === shard.digest)
        return { blob, digest: shard.digest };
      // Changed or cut short in this machine's storage.
      await folder.clear();
      if (attempt === 2) throw loraError(`LoRA ${source}: it cannot be kept in this machine's storage`);
    }
  });
}

async function fetchLora(
  source: string,
  hubUrl: string,
  folderName: string,
  options: OpenLoraOptions,
): Promise<Manifest> {
  const { store, connection } = options;
  const { file, location, commit } = await findLora(source, hubUrl, connection);
  const folder = store.model(folderName);
  for (let attempt = 1; ; attempt++) {
    const digest = await fetchInto(file, folderName, options);
    if (digest !== undefined) {
      return writeManifest(folder, {
        name: source,
        location,
        ...(commit === undefined ? {} : { commit }),
        precision: 'fp32',
        notes: [`LoRA from ${location}: ${file.path}`],
        downloadBytes: file.size,
        storedBytes: file.size,
        sources: {},
        components: { lora: { precision: 'fp32', shards: [{ path: STORED, size: file.size, digest }] } },
        files: [],
      });
    }
    await folder.remove(STORED);
    if (attempt === 2) throw wrongDigest(file);
  }
}

/** @returns XXH3-128 of what was stored; undefined where it is not what the server lists */
async function fetchInto(
  file: RemoteFile,
  folderName: string,
  { store, connection, onProgress }: OpenLoraOptions,
): Promise<string | undefined> {
  const sha256 = await lendHasher('sha256');
  const digest = await lendHasher('xxh128');
  const writer = await store.model(folderName).writer(STORED);
  try {
    await writer.truncate(0);
    let loadedBytes = 0;
    for await (const chunk of download(file, connection, { start: 0, end: file.size })) {
      await writer.write(chunk, loadedBytes);
      sha256.hash.update(chunk);
      digest.hash.update(chunk);
      loadedBytes += chunk.byteLength;
      onProgress?.({ stage: 'download', file: file.path, loadedBytes, totalBytes: file.size });
    }
    await writer.flush();
    return file.sha256 === undefined || sha256.hash.digest('hex') === file.sha256
      ? digest.hash.digest('hex')
      : undefined;
  } finally {
    sha256.giveBack();
    digest.giveBack();
    await writer.close();
  }
}

async function findLora(
  source: string,
  hubUrl: string,
  connection: Connection,
): Promise<{ file: RemoteFile; location: string; commit?: string }> {
  const parsed = aboutLoras(() => parseModelName(source, hubUrl));
  if (parsed.kind !== 'hub') {
    // Addresses of other hosts lead to one file, whatever they end in.
    const path = decodeURIComponent(new URL(source.trim()).pathname.split('/').at(-1) || 'lora');
    const file = await probe(path, source.trim(), connection);
    if (file === undefined) throw new InputError('loras', `loras: there is no file at ${source}`);
    return { file, location: source };
  }
  const found = await findModel(source, connection, hubUrl).catch((error: unknown) =>
    aboutLoras(() => {
      throw error;
    }),
  );
  const { files, only, location, commit } = found;
  const file = chooseLora(source, only === undefined ? files : files.filter(({ path }) => path === only));
  return { file, location, ...(commit === undefined ? {} : { commit }) };
}

/**
 * @param files of a repository or folder
 * @throws InputError (`loras`) listing the candidates where it is not clear which one is meant
 */
export function chooseLora<File extends { path: string }>(source: string, files: readonly File[]): File {
  const usual = files.find(({ path }) => path === USUAL);
  if (usual !== undefined) return usual;
  const weights = files.filter(({ path }) => WEIGHTS.test(path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  const safe = weights.filter(({ path }) => path.endsWith('.safetensors'));
  const candidates = safe.length > 0 ? safe : weights;
  const [only, ...others] = candidates;
  if (only !== undefined && others.length === 0) return only;
  const names = candidates.map(({ path }) => path);
  const shown = names.length > 8 ? [...names.slice(0, 8), `${names.length - 8} more`] : names;
  throw new InputError(
    'loras',
    only === undefined
      ? `loras: ${source} holds no LoRA (looked for .safetensors and .bin files)`
      : `loras: ${source} holds ${names.length} files; name one of them, as in ${source}/${only.path} (${shown.join(', ')})`,
  );
}

/** Names and listings are those of models; their complaints are about a LoRA here. */
function aboutLoras<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InputError) || error.field !== 'model_name') throw error;
    throw new InputError('loras', error.message.replace(/^model_name: /, 'loras: '), error.mayNeedToken);
  }
}
