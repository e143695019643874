/**
 * A small file used together with a model (a LoRA, an embedding), by the name that the user gives it: looked up, downloaded
 * once into the store, and from then on read from there without a network.
 */
import { CheckpointError, InputError } from '../contract/errors';
import type { WeightStore } from '../storage/weights';
import type { AddOnSource } from './addOnSource';
import { digestOf } from './prepare/digest';
import { lendHasher } from './prepare/hashers';
import { type Manifest, readManifest, storedName, writeManifest } from './prepare/journal';
import type { PrepareProgress } from './prepare/prepare';
import { type Connection, download, type RemoteFile } from './source/download';
import { probe } from './source/hubRequests';
import { canonicalName, HUB_URL, parseModelName } from './source/modelName';
import { findModel } from './source/source';
import { wrongDigest } from './source/sourceFile';

/** What is looked for, and what messages call it. */
export interface AddOnKind {
  /** The component's name in the store. */
  component: 'lora' | 'embedding';
  /** The option that named it, for errors. */
  field: 'loras' | 'embeddings';
  /** With its article. */
  label: 'a LoRA' | 'an embedding';
  /** File names in common use; if a repository holds several files, the first of these is taken. */
  usual: readonly string[];
  /** The file name's ending. */
  files: RegExp;
  /** The endings, as shown to the user. */
  endings: string;
  /** Larger files are refused; absent if any size is possible. */
  maxBytes?: number;
}

export interface AddOnOptions {
  store: WeightStore;
  connection: Connection;
  hubUrl?: string | undefined;
  onProgress?(progress: PrepareProgress): void;
}

export interface AddOnFile {
  blob: Blob;
  /** Identifies its content. */
  digest: string;
  /** The file's own name, without folders. */
  fileName: string;
}

/** The user's own file, as the request has it. */
export function sourceOfFile(source: string | File): AddOnSource {
  if (typeof source === 'string') return source;
  return { name: source.name, blob: source, version: `${source.size} ${source.lastModified}` };
}

/**
 * One name for all the ways to name it, found without a network.
 * @throws InputError (of the kind's field) if it is not a name
 */
export function addOnKey(kind: AddOnKind, source: AddOnSource, hubUrl = HUB_URL): string {
  if (typeof source !== 'string') return `${source.name} ${source.version}`;
  return atField(kind, () => canonicalName(source, hubUrl));
}

/**
 * @throws InputError (of the kind's field) if there is no such file, or a repository holds several and none was chosen
 * @throws CheckpointError, NetworkError, DeviceError as for models
 */
export async function openAddOn(
  kind: AddOnKind,
  source: AddOnSource,
  options: AddOnOptions,
): Promise<AddOnFile> {
  if (typeof source === 'string') return storedFile(kind, source, options);
  const { name, blob, version } = source;
  refuseTooLarge(kind, name, blob.size);
  return { blob, digest: `${name} ${version}`, fileName: baseName(name) };
}

async function storedFile(kind: AddOnKind, source: string, options: AddOnOptions): Promise<AddOnFile> {
  const { store, connection, hubUrl = HUB_URL, onProgress } = options;
  const folderName = storedName(`${kind.component} ${addOnKey(kind, source, hubUrl)}`, 'fp32');
  const wait = () => onProgress?.({ stage: 'wait' });
  return store.exclusively(folderName, connection.signal, wait, async () => {
    const folder = store.model(folderName);
    for (let attempt = 1; ; attempt++) {
      const manifest =
        (await readManifest(folder)) ?? (await fetchFile(kind, source, hubUrl, folderName, options));
      const shard = manifest.components[kind.component]?.shards[0];
      const blob = shard && (await folder.open(shard.path));
      if (blob !== undefined && (await digestOf(blob)) === shard?.digest)
        return { blob, digest: shard.digest, fileName: fileNameOf(shard.path) };
      // Changed or truncated in this device's storage.
      await folder.clear();
      if (attempt === 2)
        throw addOnError(kind, `${labelOf(kind)} ${source}: it cannot be kept in this machine's storage`);
    }
  });
}

async function fetchFile(
  kind: AddOnKind,
  source: string,
  hubUrl: string,
  folderName: string,
  options: AddOnOptions,
): Promise<Manifest> {
  const { store, connection } = options;
  const { file, location, commit } = await findFile(kind, source, hubUrl, connection);
  refuseTooLarge(kind, source, file.size);
  const folder = store.model(folderName);
  const path = storedPath(kind, file.path);
  for (let attempt = 1; ; attempt++) {
    const digest = await fetchInto(file, folderName, path, options);
    if (digest !== undefined) {
      return writeManifest(folder, {
        name: source,
        location,
        ...(commit === undefined ? {} : { commit }),
        precision: 'fp32',
        notes: [`${labelOf(kind)} from ${location}: ${file.path}`],
        downloadBytes: file.size,
        storedBytes: file.size,
        sources: {},
        components: { [kind.component]: { precision: 'fp32', shards: [{ path, size: file.size, digest }] } },
        files: [],
      });
    }
    await folder.remove(path);
    if (attempt === 2) throw wrongDigest(file);
  }
}

/** An embedding takes its word from its file name, so that name is kept, in characters that every disk accepts. */
function storedPath({ component }: AddOnKind, path: string): string {
  if (component === 'lora') return 'lora/weights';
  return `${component}/${encodeURIComponent(baseName(path)).replaceAll('*', '%2A').slice(0, 200)}`;
}

function fileNameOf(path: string): string {
  const name = baseName(path);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}

/** @returns XXH3-128 of what was stored; undefined if it does not match the server's listing */
async function fetchInto(
  file: RemoteFile,
  folderName: string,
  path: string,
  { store, connection, onProgress }: AddOnOptions,
): Promise<string | undefined> {
  const sha256 = await lendHasher('sha256');
  const digest = await lendHasher('xxh128');
  const writer = await store.model(folderName).writer(path);
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

async function findFile(
  kind: AddOnKind,
  source: string,
  hubUrl: string,
  connection: Connection,
): Promise<{ file: RemoteFile; location: string; commit?: string }> {
  const parsed = atField(kind, () => parseModelName(source, hubUrl));
  if (parsed.kind !== 'hub') {
    // URLs on other hosts lead to one file, whatever they end in.
    const path = decodedName(new URL(source.trim())) || kind.component;
    const file = await probe(path, source.trim(), connection);
    if (file === undefined)
      throw new InputError(kind.field, `${kind.field}: there is no file at ${source}; check the URL`);
    return { file, location: source };
  }
  const found = await findModel(source, connection, hubUrl).catch((error: unknown) =>
    atField(kind, () => {
      throw error;
    }),
  );
  const { files, only, location, commit } = found;
  const file = chooseAddOn(
    kind,
    source,
    only === undefined ? files : files.filter(({ path }) => path === only),
  );
  return { file, location, ...(commit === undefined ? {} : { commit }) };
}

/** A bare % in a URL is not an escape. */
function decodedName({ pathname }: URL): string {
  return fileNameOf(pathname);
}

/**
 * @param files of a repository or folder
 * @throws InputError (of the kind's field) listing the candidates if it is not clear which one is meant
 */
export function chooseAddOn<File extends { path: string }>(
  { field, label, usual, files: pattern, endings }: AddOnKind,
  source: string,
  files: readonly File[],
): File {
  for (const name of usual) {
    const file = files.find(({ path }) => path === name);
    if (file !== undefined) return file;
  }
  const weights = files.filter(({ path }) => pattern.test(path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  const safe = weights.filter(({ path }) => path.endsWith('.safetensors'));
  const candidates = safe.length > 0 ? safe : weights;
  const [only, ...others] = candidates;
  if (only !== undefined && others.length === 0) return only;
  const names = candidates.map(({ path }) => path);
  const shown = names.length > 8 ? [...names.slice(0, 8), `${names.length - 8} more`] : names;
  throw new InputError(
    field,
    only === undefined
      ? `${field}: ${source} holds no ${label.replace(/^an? /, '')} (looked for ${endings} files)`
      : `${field}: ${source} holds ${names.length} files; name one of them, as in ${source}/${only.path} (${shown.join(', ')})`,
  );
}

/** For a file that is damaged, of another kind or for another model: the error is shown at its own field. */
function addOnError({ field }: AddOnKind, message: string, cause?: unknown): CheckpointError {
  return new CheckpointError(message, { field, cause });
}

function refuseTooLarge(kind: AddOnKind, source: string, bytes: number): void {
  const { field, label, maxBytes } = kind;
  if (maxBytes === undefined || bytes <= maxBytes) return;
  throw new InputError(
    field,
    `${field}: ${source} has ${Math.ceil(bytes / 1e6)} MB, where no file of ${label} has more than ${maxBytes / 1e6}; ` +
      'check which file is meant',
  );
}

/** Its name at the beginning of a sentence. */
function labelOf({ label }: AddOnKind): string {
  return label === 'a LoRA' ? 'LoRA' : 'embedding';
}

/** Names and listings work as for models, but the errors are about this file. */
function atField<Result>({ field }: AddOnKind, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InputError) || error.field !== 'model_name') throw error;
    throw new InputError(field, error.message.replace(/^model_name: /, `${field}: `), error.mayNeedToken);
  }
}
