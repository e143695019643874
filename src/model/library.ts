/** The models on this device, for the page's panel: looked up, fetched, listed, deleted. */
import { CheckpointError, InputError } from '../contract/errors';
import type {
  EmbeddingWord,
  HubAccess,
  KeptAssistant,
  KeptModel,
  ModelDetails,
  ModelFacts,
} from '../contract/modelLibrary';
import { STARTER } from '../contract/schema';
import { type SelectorDetails, selectorOf } from '../contract/selectors';
import type { Precision } from '../graph/onnx/types';
import { isAssistant, storedAssistant } from '../storage/assistants';
import type { WeightStore } from '../storage/weights';
import { embeddingChoice, openEmbedding } from './embedding/open';
import type { CheckpointFiles } from './files';
import { factsOf, factsOfPlan } from './modelSummary';
import { clipVocabulary, openModel, planSource, prepareSource } from './openModel';
import { readJournal, receivedBytes, storedName, unfinishedBytes } from './prepare/journal';
import type { PrepareProgress } from './prepare/prepare';
import {
  clearRemains,
  deleteModel,
  openNamed,
  openPrepared,
  openStored,
  type PreparedFiles,
  storedModels,
} from './prepare/prepared';
import type { OpenDigest } from './prepare/streamDigest';
import { describeSelector, downloadSelector } from './selectors/selectors';
import { type Connection, connect, type Manners } from './source/download';
import { canonicalName, HUB_URL, isOwnName, ownName, parseModelName } from './source/modelName';
import { findModel, localModel, type Source } from './source/source';

export interface LibraryParts {
  store: WeightStore;
  /** The embedded model: what it is, and its vocabulary for files that hold none. */
  starter: CheckpointFiles;
  /** Computes the files' SHA-256; on this thread if absent. */
  openDigest?: OpenDigest;
  manners?: Manners;
}

export interface LibraryCall {
  /** The device's precision, in which models are stored. */
  precision: Precision;
  signal: AbortSignal;
}

export interface Library {
  setHub(hub: HubAccess): void;
  describe(name: string, call: LibraryCall): Promise<ModelDetails>;
  download(
    name: string,
    call: LibraryCall & {
      onProgress(progress: PrepareProgress): void;
      /** Throws if the device cannot run a model with these configurations. */
      admit?(files: CheckpointFiles): Promise<void>;
    },
  ): Promise<void>;
  offerFiles(title: string, files: ReadonlyMap<string, File>): Promise<string>;
  readEmbedding(source: string | File, signal: AbortSignal): Promise<EmbeddingWord>;
  describeSelector(id: string, signal: AbortSignal): Promise<SelectorDetails>;
  downloadSelector(
    id: string,
    call: Pick<LibraryCall, 'signal'> & { onProgress(progress: PrepareProgress): void },
  ): Promise<void>;
  list(): Promise<KeptModel[]>;
  assistants(): Promise<KeptAssistant[]>;
  /** Bytes that can still be stored, or undefined if the platform does not say. */
  room(): Promise<number | undefined>;
  remove(folder: string): Promise<void>;
}

export function createLibrary({ store, starter, openDigest, manners }: LibraryParts): Library {
  let hub: HubAccess = {};
  /** The user's own files by their model name, as long as this session has them. */
  const offered = new Map<string, Source>();

  const connection = (signal: AbortSignal): Connection =>
    connect(hub.url ?? HUB_URL, signal, { token: hub.token, ...manners });

  const keptDetails = async (name: string, files: PreparedFiles): Promise<ModelDetails> => ({
    ...(await factsOf(files)),
    name,
    location: files.manifest.location,
    precision: files.manifest.precision,
    state: 'kept',
    totalBytes: files.manifest.storedBytes,
    licence: files.manifest.licence,
    notes: files.manifest.notes,
  });

  const sourceDetails = async (
    source: Source,
    state: 'served' | 'fetchable',
    { precision, signal }: LibraryCall,
  ): Promise<ModelDetails> => {
    const plan = await planSource(source, precision, connection(signal));
    const { facts, configurations } = await factsOfPlan(plan, connection(signal));
    return {
      ...facts,
      ...(configurations.size > 0 && { configurations }),
      name: source.name,
      location: source.location,
      precision,
      state,
      totalBytes: plan.downloadBytes,
      licence: source.licence,
      notes: plan.notes,
    };
  };

  return {
    setHub(next) {
      hub = next;
    },

    async describe(typed, call) {
      const name = typed.trim();
      if (name === STARTER) {
        const { precision } = call;
        const facts = await factsOf(starter, call.signal);
        return { ...facts, name, location: name, precision, state: 'embedded', totalBytes: 0, notes: [] };
      }
      if (isOwnName(name)) {
        const kept = await openNamed(store, name, call.precision);
        if (kept !== undefined) return keptDetails(name, kept);
        return sourceDetails(offeredSource(offered, name), 'fetchable', call);
      }
      const hubUrl = hub.url ?? HUB_URL;
      const isServed = parseModelName(name, hubUrl).kind === 'folder';
      const kept = isServed
        ? undefined
        : await openPrepared(store, canonicalName(name, hubUrl), call.precision);
      if (kept !== undefined) return keptDetails(name, kept);
      const source = await findModel(name, connection(call.signal), hubUrl);
      return sourceDetails(source, isServed ? 'served' : 'fetchable', call);
    },

    async download(typed, { precision, signal, onProgress, admit }) {
      const name = typed.trim();
      if (name === STARTER) return;
      const options = {
        store,
        onProgress,
        ...(admit && { admit }),
        tokenizer: () => clipVocabulary(starter, signal),
        ...(openDigest && { openDigest }),
      };
      const hubUrl = hub.url ?? HUB_URL;
      if (isOwnName(name)) {
        if ((await openNamed(store, name, precision)) !== undefined) return;
        await prepareSource(offeredSource(offered, name), precision, connection(signal), options);
      } else if (parseModelName(name, hubUrl).kind !== 'folder') {
        await openModel(name, precision, { ...options, hubUrl, token: hub.token, signal, manners });
      }
    },

    async offerFiles(title, files) {
      const source = localModel(title, files);
      const name = await nameFor(title, source, store, offered);
      offered.set(name, { ...source, name, location: 'this machine’s disk' });
      return name;
    },

    async readEmbedding(source, signal) {
      const { token, tables } = await openEmbedding(embeddingChoice({ source }), {
        store,
        connection: connection(signal),
        hubUrl: hub.url,
      });
      return { token, vectors: tables[0]?.count ?? 0, widths: tables.map(({ width }) => width) };
    },

    describeSelector: (id, signal) => describeSelector(id, { store, hubUrl: hub.url }, connection(signal)),

    downloadSelector: (id, { signal, onProgress }) =>
      downloadSelector(id, { store, hubUrl: hub.url }, connection(signal), { onProgress, openDigest }),

    async list() {
      await clearRemains(store);
      return (await listedAll(store)).filter(({ name }) => selectorOf(name) === undefined);
    },

    async assistants() {
      const ofTheHub = (await listedAll(store)).flatMap((model) => {
        const offer = selectorOf(model.name);
        if (offer === undefined) return [];
        const { facts: _, precision: __, ...stored } = model;
        return [{ ...stored, title: offer.title, does: offer.does }];
      });
      const own = await Promise.all((await store.models()).map((folder) => listedAssistant(store, folder)));
      return [...own.filter((assistant) => assistant !== undefined), ...ofTheHub];
    },

    room: () => store.freeBytes(),

    remove: (folder) => deleteModel(store, folder),
  };
}

/** Those that paint and those that select. */
async function listedAll(store: WeightStore): Promise<KeptModel[]> {
  const all = await Promise.all(
    (await store.models()).map(async (folder) =>
      (await isAssistant(store.model(folder))) ? undefined : listed(store, folder),
    ),
  );
  return all.filter((model) => model !== undefined);
}

async function listed(store: WeightStore, folder: string): Promise<KeptModel> {
  const isBusy = await store.isBusy(folder);
  const files = await openStored(store, folder);
  if (files !== undefined) {
    const { name, location, licence, precision, storedBytes } = files.manifest;
    const facts = selectorOf(name) === undefined ? await factsIfSound(files) : undefined;
    return { folder, name, location, licence, precision, storedBytes, isBusy, ...(facts && { facts }) };
  }
  const journal = await readJournal(store.model(folder));
  // Stored by another version, or interrupted before anything was recorded: listed so that it can be deleted.
  const unknown = { name: folder, location: folder, precision: 'fp32', downloadBytes: 0 } as const;
  const { downloadBytes, ...about } = journal.model ?? unknown;
  const unfinished = { receivedBytes: receivedBytes(journal), totalBytes: downloadBytes };
  return { folder, ...about, storedBytes: unfinishedBytes(journal), unfinished, isBusy };
}

/** One whose files `storage/assistants` keeps. @returns undefined for any other folder */
async function listedAssistant(store: WeightStore, folder: string): Promise<KeptAssistant | undefined> {
  if (!(await isAssistant(store.model(folder)))) return undefined;
  const isBusy = await store.isBusy(folder);
  const found = await storedAssistant(store, folder);
  // Stored by another version: listed so that it can be deleted.
  const unknown = {
    id: folder,
    title: folder,
    does: 'stored by another version of this page',
    location: folder,
  };
  const { id: name, ...about } = found?.about ?? unknown;
  return { folder, name, ...about, storedBytes: found?.storedBytes ?? 0, isBusy };
}

/** A model whose configuration is damaged still shows, so that it can be deleted. */
async function factsIfSound(files: PreparedFiles): Promise<ModelFacts | undefined> {
  try {
    return await factsOf(files);
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
}

function offeredSource(offered: ReadonlyMap<string, Source>, name: string): Source {
  const source = offered.get(name);
  if (source !== undefined) return source;
  throw new InputError(
    'model_name',
    `model_name: "${name}" is a file or folder of your own that is not kept whole; open it again to go on`,
  );
}

/** What was begun or stored for exactly these files keeps its name; other files with the same title get another. */
async function nameFor(
  title: string,
  { key }: Source,
  store: WeightStore,
  offered: ReadonlyMap<string, Source>,
): Promise<string> {
  const known = [...offered].find(([, source]) => source.key === key);
  if (known !== undefined) return known[0];
  const folders = [storedName(key, 'fp16'), storedName(key, 'fp32')];
  const taken = new Set(offered.keys());
  for (const { folder, manifest } of await storedModels(store)) {
    const name = manifest?.name ?? (await readJournal(store.model(folder))).model?.name;
    if (name === undefined) continue;
    if (folders.includes(folder)) return name;
    taken.add(name);
  }
  for (let number = 1; ; number++) {
    const name = ownName(number === 1 ? title : `${title} (${number})`);
    if (!taken.has(name)) return name;
  }
}
