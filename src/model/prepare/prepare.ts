/**
 * From a plan to a model on the disk: one pass over each file's bytes as they arrive, each tensor cast and put into its
 * shard, in such steps that it can be interrupted anywhere and resumed from there.
 */
import { DeviceError } from '../../contract/errors';
import { isOutOfSpace, type ModelFolder, type WeightStore } from '../../storage/weights';
import { type CheckpointFiles, filesOfTexts } from '../files';
import type { OpenLora } from '../lora/choice';
import type { MatrixProduct } from '../lora/merge';
import {
  type Connection,
  download,
  FileChangedError,
  type Range,
  type RemoteFile,
  type Validator,
} from '../source/download';
import { wrongDigest } from '../source/sourceFile';
import { digestOf } from './digest';
import { BufferMeter, FilePass } from './filePass';
import { canGoOn } from './hashers';
import {
  type FileState,
  type Journal,
  type Manifest,
  readJournal,
  readManifest,
  type StoredShard,
  storedName,
  writeJournal,
  writeManifest,
} from './journal';
import { layOutModel, type SourceLayout, type TextFiles } from './layout';
import type { ModelPlan } from './plan';
import { checkRoom } from './room';
import type { ShardPlan } from './shards';
import { type OpenDigest, openDigestHere } from './streamDigest';

export interface PrepareOptions {
  onProgress?(progress: PrepareProgress): void;
  /** Bytes a shard may have; 1 GiB if absent. */
  shardBytes?: number;
  /** Bytes of a source between two points from which an interrupted download can continue; 16 MiB if absent. */
  checkpointBytes?: number;
  /** CLIP's vocabulary and merges, for single files, which hold none: by path, e.g. `tokenizer/vocab.json`. */
  tokenizer?: (() => Promise<TextFiles>) | undefined;
  /** LoRAs that go into the weights, what multiplies their halves, and the key of the model that they go into. */
  merge?: { base: string; loras: readonly OpenLora[]; product: MatrixProduct } | undefined;
  /** Looks at configurations and tokenizers before any weights are fetched, and refuses the model by throwing. */
  admit?: ((files: CheckpointFiles) => Promise<void>) | undefined;
  /** Computes the files' SHA-256; on this thread if absent. */
  openDigest?: OpenDigest;
}

export type PrepareProgress =
  /** Another tab or process prepares this model: wait for it. */
  | { stage: 'wait' }
  /** `loadedBytes` and `totalBytes` count all files of the model. */
  | { stage: 'download'; file: string; loadedBytes: number; totalBytes: number };

export interface Prepared {
  manifest: Manifest;
  /** What was held in memory while preparing. Zeros if the model was already stored. */
  buffers: Pick<BufferMeter, 'peakBytes' | 'largestBytes'>;
}

const CHECKPOINT_BYTES = 16 * 2 ** 20;
/** On a slow connection, a closed page loses at most what arrived in this time. */
const CHECKPOINT_MS = 2000;
const REPORT_MS = 50;

/**
 * Fetches what is missing of a model and stores it ready to run. What an earlier, interrupted call stored is used.
 * @throws DeviceError if there is too little space, before the first byte of weights is fetched
 * @throws CheckpointError if files are damaged, changed or of a kind that Inlay cannot run
 * @throws NetworkError, InputError as {@link download}; an AbortError after cancellation
 */
export async function prepareModel(
  plan: ModelPlan,
  store: WeightStore,
  connection: Connection,
  options: PrepareOptions = {},
): Promise<Prepared> {
  const name = storedName(plan.key, plan.precision);
  const wait = () => options.onProgress?.({ stage: 'wait' });
  return store.exclusively(name, connection.signal, wait, async () => {
    const folder = store.model(name);
    const meter = new BufferMeter();
    const manifest =
      (await readManifest(folder)) ?? (await prepareInto(folder, plan, store, connection, options, meter));
    return { manifest, buffers: meter };
  });
}

async function prepareInto(
  folder: ModelFolder,
  plan: ModelPlan,
  store: WeightStore,
  connection: Connection,
  options: PrepareOptions,
  meter: BufferMeter,
): Promise<Manifest> {
  try {
    const journal = await readJournal(folder);

    // 1. What is there: small files in full, only the headers of weights
    const layout = await layOutModel(plan, connection, validatorsOf(plan, journal), options).catch(
      async (error: unknown) => {
        // What is stored belongs to a version that no longer exists.
        if (error instanceof FileChangedError) await folder.clear();
        throw error;
      },
    );
    await options.admit?.(filesOfTexts(plan.name, layout.texts));
    await forgetOthers(folder, journal, layout.sources);

    // 2. Is there enough space?
    await checkRoom(plan.name, store, layout.sources, journal);
    const { name, location, commit, licence, precision, notes, downloadBytes } = plan;
    const about = { name, location, ...(licence !== undefined && { licence }), precision, downloadBytes };
    journal.model = about;

    // 3. The weights
    const work: Work = {
      folder,
      journal,
      connection,
      options,
      meter,
      loadedBytes: layout.sources.reduce(
        (sum, { file }) => sum + (isWhole(journal.files[file.path]) ? file.size : 0),
        layout.smallBytes,
      ),
      totalBytes: plan.downloadBytes,
      reportedAt: 0,
    };
    for (const source of layout.sources) await prepareFile(source, work);

    // 4. The small files, and then the mark that everything is stored
    const files = [...layout.texts.keys()].sort();
    const textDigests: Record<string, string> = {};
    for (const path of files) {
      const text = layout.texts.get(path) ?? '';
      await folder.writeText(`files/${path}`, text);
      textDigests[path] = await digestOf(new Blob([text]));
    }
    const components: Manifest['components'] = {};
    for (const { file, shards } of layout.sources) {
      const done = new Map((journal.files[file.path]?.done ?? []).map((shard) => [shard.path, shard]));
      for (const { component, plan: shard } of shards) {
        components[component] ??= { precision: shard.type === 'F16' ? 'fp16' : 'fp32', shards: [] };
        const stored = done.get(shard.path);
        if (stored !== undefined) components[component].shards.push(stored);
      }
    }
    const storedBytes = layout.sources
      .flatMap(({ shards }) => shards)
      .reduce((sum, { plan: { size } }) => sum + size, layout.smallBytes);
    return await writeManifest(folder, {
      ...about,
      ...(commit === undefined ? {} : { commit }),
      notes: [...notes],
      storedBytes,
      sources: journal.files,
      components,
      files,
      textDigests,
      ...(options.merge && { mergedFrom: options.merge.base }),
    });
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
    throw new DeviceError(
      `model "${plan.name}": the disk or the browser's share of it is full; what has arrived is kept: ` +
        'free some space, or delete another model, and start again',
    );
  }
}

function isWhole(state: FileState | undefined): boolean {
  return state?.done !== undefined && state.lost === undefined;
}

interface Work {
  folder: ModelFolder;
  journal: Journal;
  connection: Connection;
  options: PrepareOptions;
  meter: BufferMeter;
  loadedBytes: number;
  totalBytes: number;
  /** When progress was last reported, in ms. */
  reportedAt: number;
}

/** What tells a file from another one of the same path. */
function identityOf({ sha256, version, size }: RemoteFile): string {
  return `${sha256 ?? version ?? 'no digest'} ${size}`;
}

/** Files that were begun, and are unchanged as far as the listing tells. */
function validatorsOf(plan: ModelPlan, journal: Journal): Map<string, Validator> {
  const files =
    plan.single === undefined ? plan.components.flatMap(({ files }) => files) : [plan.single.file];
  const begun = files.filter((file) => journal.files[file.path]?.identity === identityOf(file));
  return new Map(begun.map(({ path }) => [path, { value: journal.files[path]?.validator }]));
}

/** Drops what was stored for files that the model no longer has, or has in another version. */
async function forgetOthers(
  folder: ModelFolder,
  journal: Journal,
  sources: readonly SourceLayout[],
): Promise<void> {
  for (const [path, state] of Object.entries(journal.files)) {
    const source = sources.find(({ file }) => file.path === path);
    const isSame =
      source !== undefined && state.identity === identityOf(source.file) && state.layout === source.layout;
    if (!isSame) await forget(folder, journal, path);
  }
}

async function forget(folder: ModelFolder, journal: Journal, path: string): Promise<void> {
  const state = journal.files[path];
  delete journal.files[path];
  await writeJournal(folder, journal);
  // Everything that may have been begun: a crash may have come before anything was recorded.
  for (const shard of state?.paths ?? []) await folder.remove(shard);
}

async function prepareFile(source: SourceLayout, work: Work): Promise<void> {
  const { folder, journal } = work;
  const { path } = source.file;
  if (isWhole(journal.files[path])) return;
  for (let attempt = 1; ; attempt++) {
    const before = work.loadedBytes;
    const isRight = await streamFile(source, work).catch(async (error: unknown) => {
      // The beginning of one version and the end of another do not make a file: none of it may be used.
      if (error instanceof FileChangedError) await forget(folder, journal, path);
      throw error;
    });
    if (isRight) return;
    await forget(folder, journal, path);
    if (attempt === 2) throw wrongDigest(source.file);
    work.loadedBytes = before;
  }
}

/** What is still to be made from a file, and which of its bytes that takes. */
interface Part {
  plans: ShardPlan[];
  range: Range;
}

/** All of it; or, for a file that was stored before, the source of its lost shards. */
function partOf({ file, shards }: SourceLayout, lost: readonly StoredShard[] | undefined): Part {
  const plans = shards.map(({ plan }) => plan);
  if (lost === undefined) return { plans, range: { start: 0, end: file.size } };
  const wanted = plans.filter(({ path }) => lost.some((shard) => shard.path === path));
  const sources = wanted.flatMap(({ outputs }) => outputs.map((output) => output.source));
  const start = sources.reduce((first, { offset }) => Math.min(first, offset), file.size);
  const end = sources.reduce((last, { offset, length }) => Math.max(last, offset + length), start);
  return { plans: wanted, range: { start, end } };
}

/** @returns whether the file's digest, or each lost shard's, is as expected */
async function streamFile(source: SourceLayout, work: Work): Promise<boolean> {
  const { folder, journal, connection, options, meter } = work;
  const { file, access, validator } = source;
  const state: FileState = journal.files[file.path] ?? {
    identity: identityOf(file),
    size: file.size,
    layout: source.layout,
    paths: source.shards.map(({ plan }) => plan.path),
  };
  const { lost } = state;
  const { plans, range } = partOf(source, lost);
  journal.files[file.path] = state;
  await writeJournal(folder, journal);
  const saved = (await isUsable(folder, state.progress)) ? state.progress : undefined;
  const start = saved?.position ?? range.start;
  const pass = await FilePass.begin(plans, saved?.shards ?? [], start, (path) => folder.writer(path), meter);
  const openDigest = options.openDigest ?? openDigestHere;
  const hash =
    file.sha256 === undefined || lost !== undefined
      ? undefined
      : await openDigest(saved?.sha256State).catch(async (error: unknown) => {
          await pass.close();
          throw error;
        });
  work.loadedBytes += file.size - (range.end - start);
  const save = async () => {
    state.progress = {
      position: pass.position,
      ...(hash === undefined ? {} : { sha256State: await hash.save() }),
      shards: await pass.checkpoint(),
    };
    if (validator.value !== undefined) state.validator = validator.value;
    await writeJournal(folder, journal);
  };
  try {
    let rest: Uint8Array<ArrayBuffer> | undefined;
    let lastSaved = start;
    let savedAt = performance.now();
    // False while a piece is being written to hash and shards: until then what they hold matches no position.
    let isSettled = true;
    try {
      for await (const chunk of download(file, connection, { start, end: range.end }, validator)) {
        const arrived = rest === undefined ? chunk : joined(rest, chunk);
        // The digest may reuse the memory: what is needed afterwards is noted first.
        const [chunkBytes, arrivedBytes] = [chunk.byteLength, arrived.byteLength];
        meter.hold(arrivedBytes);
        const end = pass.position + arrivedBytes;
        const isDue =
          end - lastSaved >= (options.checkpointBytes ?? CHECKPOINT_BYTES) ||
          performance.now() - savedAt >= CHECKPOINT_MS;
        const pause = isDue ? pass.pauseBefore(end) : 0;
        const cut = (pause > pass.position ? pause : pass.cutBefore(end)) - pass.position;
        const piece = arrived.subarray(0, cut);
        rest = cut < arrivedBytes ? arrived.slice(cut) : undefined;
        access.compare(piece, pass.position);
        isSettled = false;
        await pass.feed(piece);
        await hash?.update(piece);
        isSettled = true;
        meter.release(arrivedBytes);
        work.loadedBytes += chunkBytes;
        report(file, work, pass.position === range.end);
        if (pass.isClean && isDue) {
          await save();
          lastSaved = pass.position;
          savedAt = performance.now();
        }
      }
    } catch (error) {
      // The next call continues from this very byte.
      const mayGoOn = isSettled && pass.isClean && !(error instanceof FileChangedError);
      if (mayGoOn && pass.position > lastSaved) await save().catch(() => {});
      throw error;
    }
    if (hash !== undefined && (await hash.hex()) !== file.sha256) return false;
    const digests = await pass.finish();
    const done = plans.map(
      ({ path, size }): StoredShard => ({ path, size, digest: digests.get(path) ?? '' }),
    );
    if (lost?.some(({ path, digest }) => digests.get(path) !== digest)) return false;
    delete state.progress;
    delete state.lost;
    state.done = [...(state.done ?? []), ...done];
    if (file.sha256 !== undefined) delete state.validator;
    else if (validator.value !== undefined) state.validator = validator.value;
    await writeJournal(folder, journal);
    return true;
  } finally {
    hash?.close();
    await pass.close();
  }
}

/** Reports progress a few times a second: chunks come by the thousand. */
function report(file: RemoteFile, work: Work, isLast: boolean): void {
  const now = performance.now();
  if (!isLast && now - work.reportedAt < REPORT_MS) return;
  work.reportedAt = now;
  const { loadedBytes, totalBytes, options } = work;
  options.onProgress?.({ stage: 'download', file: file.path, loadedBytes, totalBytes });
}

/** Not if the platform deleted or truncated a shard, or if another version of Inlay wrote the states. */
async function isUsable(folder: ModelFolder, progress: FileState['progress']): Promise<boolean> {
  const { shards = [], sha256State } = progress ?? {};
  for (const { path, position, digestState } of shards) {
    const blob = await folder.open(path);
    if (blob === undefined || blob.size < position) return false;
    if (!(await canGoOn('xxh128', digestState))) return false;
  }
  return sha256State === undefined || canGoOn('sha256', sha256State);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}
