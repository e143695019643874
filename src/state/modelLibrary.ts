/** The models of this machine as the panel shows them: looked up, fetched, paused, kept, deleted. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { InputError, isAbort } from '../engine/errors';
import type {
  EmbeddingWord,
  FetchProgress,
  HubAccess,
  KeptModel,
  ModelDetails,
  ModelLibrary,
  ModelSizes,
  StorageFacts,
} from '../engine/models';
import { complaintOf } from './complaint';
import type { HubMemory } from './hubMemory';
import type { OwnModel } from './modelFiles';
import { guessedNativeSize } from './models';
import { advanceTransfer, type Transfer } from './transfer';

export type { EmbeddingWord, KeptModel, ModelSizes } from '../engine/models';

export interface Failure {
  message: string;
  /** Whether a token of an account that may read it would help: it may where the model may be private. */
  wantsToken: 'yes' | 'maybe' | 'no';
}

export type Lookup =
  | { state: 'looking' }
  | { state: 'found'; details: ModelDetails }
  | ({ state: 'failed' } & Failure);

export type Fetching =
  /** Asked for, or another tab is at it. */
  | { state: 'waiting'; forOtherTab: boolean }
  | { state: 'running'; transfer: Transfer }
  | { state: 'paused'; transfer: Transfer | null }
  | ({ state: 'failed'; transfer: Transfer | null } & Failure);

export interface ModelLibraryState {
  /** By name as typed, without blanks around it; a name that is missing was not looked up. */
  lookups: Readonly<Record<string, Lookup>>;
  /** Of this session. */
  fetches: Readonly<Record<string, Fetching>>;
  /** Null until it is read. */
  kept: readonly KeptModel[] | null;
  /** The models that were last opened from one folder, where it held several: the name of each. */
  openedTogether: readonly string[];
  storage: StorageFacts | null;
  hub: { url: string | undefined; hasToken: boolean };
  /** What went wrong with the list or a deletion. */
  complaint: string | null;
}

export interface Models {
  readonly store: StoreApi<ModelLibraryState>;
  /** Looks a name up unless that is done; the store has the answer. */
  look(name: string): Promise<void>;
  /** Fetches a model, or goes on with it; the store has the progress. */
  download(name: string): Promise<void>;
  /** What has arrived is kept. */
  pause(name: string): void;
  /**
   * Resolves once a run can start with the model, fetching it where it is missing.
   * @throws whatever the look-up or the download throws; an AbortError once the signal aborts: a download that this
   *   call began is paused then, one that was under way goes on
   */
  ensure(name: string, call: { signal: AbortSignal; onChange(fetching: Fetching): void }): Promise<void>;
  /** @returns the names that they go under in the same order, or null where something went wrong */
  addFiles(own: readonly OwnModel[]): Promise<readonly string[] | null>;
  /** @returns the word that it teaches, or what is wrong with it as a sentence */
  readEmbedding(source: string | File, signal: AbortSignal): Promise<EmbeddingWord | { complaint: string }>;
  remove(model: KeptModel): Promise<void>;
  /** Reads again what is kept and how much room there is. */
  refresh(): Promise<void>;
  setHubUrl(url: string | undefined): void;
  setToken(token: string | undefined): void;
  persist(): Promise<void>;
  /** At which sizes a model works: by its configuration once that is known, and by its name before. */
  sizesOf(name: string): ModelSizes;
}

interface Running {
  promise: Promise<void>;
  controller: AbortController;
}

/** @param memory where the hub and its token are remembered @param now milliseconds of a clock that only runs forward */
export function createModels(
  library: ModelLibrary,
  memory: HubMemory,
  now: () => number = () => performance.now(),
): Models {
  let hub: HubAccess = memory.read();
  library.setHub(hub);
  const store = createStore<ModelLibraryState>(() => ({
    lookups: byName(),
    fetches: byName(),
    kept: null,
    openedTogether: [],
    storage: null,
    hub: shown(hub),
    complaint: null,
  }));
  const looking = new Map<string, Promise<ModelDetails>>();
  const running = new Map<string, Running>();

  const setLookup = (name: string, lookup: Lookup | undefined) =>
    store.setState(({ lookups }) => ({ lookups: changed(lookups, name, lookup) }));
  const setFetching = (name: string, fetching: Fetching | undefined) =>
    store.setState(({ fetches }) => ({ fetches: changed(fetches, name, fetching) }));
  const transferOf = (name: string): Transfer | null => {
    const fetching = store.getState().fetches[name];
    return fetching !== undefined && 'transfer' in fetching ? fetching.transfer : null;
  };

  const describe = (name: string): Promise<ModelDetails> => {
    const known = store.getState().lookups[name];
    if (known?.state === 'found') return Promise.resolve(known.details);
    const under = looking.get(name);
    if (under !== undefined) return under;
    setLookup(name, { state: 'looking' });
    const asked = library.describe(name, new AbortController().signal);
    looking.set(name, asked);
    // An answer from before the hub changed is dropped: another look-up stands in its place.
    const isCurrent = () => looking.get(name) === asked;
    asked.then(
      (details) => isCurrent() && setLookup(name, { state: 'found', details }),
      (error: unknown) => isCurrent() && setLookup(name, { state: 'failed', ...failure(error) }),
    );
    asked.catch(() => {}).then(() => isCurrent() && looking.delete(name));
    return asked;
  };

  const forgetLookups = () => {
    looking.clear();
    store.setState({ lookups: byName() });
  };

  /** What was kept may have been damaged, cleared by the browser or deleted by another tab since. */
  const lookAgain = async (name: string): Promise<ModelDetails> => {
    const details = await library.describe(name, new AbortController().signal);
    const known = store.getState().lookups[name];
    if (known?.state === 'found' && known.details.state === 'kept') {
      setLookup(name, { state: 'found', details });
    }
    return details;
  };

  const refresh = async () => {
    try {
      const keptNames = Object.entries(store.getState().lookups).flatMap(([name, lookup]) =>
        lookup.state === 'found' && lookup.details.state === 'kept' ? [name] : [],
      );
      const [kept, storage] = await Promise.all([
        library.list(),
        library.storage(),
        ...keptNames.map((name) => lookAgain(name).catch(() => setLookup(name, undefined))),
      ]);
      store.setState({ kept, storage, complaint: null });
    } catch (error) {
      store.setState({ complaint: complaintOf(error).message });
    }
  };

  const onProgress = (name: string) => (progress: FetchProgress) => {
    if (progress.stage === 'wait') {
      setFetching(name, { state: 'waiting', forOtherTab: true });
      return;
    }
    const { loadedBytes, totalBytes } = progress;
    const transfer = advanceTransfer(transferOf(name), loadedBytes, totalBytes, now());
    setFetching(name, { state: 'running', transfer });
  };

  const start = (name: string): Running => {
    const under = running.get(name);
    if (under !== undefined) return under;
    const controller = new AbortController();
    // Time that it stood still is no time of the download.
    setFetching(name, { state: 'waiting', forOtherTab: false });
    const work = async () => {
      try {
        await library.download(name, { signal: controller.signal, onProgress: onProgress(name) });
        setFetching(name, undefined);
        // It is kept now, and known better.
        setLookup(name, undefined);
        await Promise.all([describe(name).catch(() => {}), refresh()]);
      } catch (error) {
        const transfer = transferOf(name);
        setFetching(
          name,
          isAbort(error) ? { state: 'paused', transfer } : { state: 'failed', transfer, ...failure(error) },
        );
        await refresh();
        throw error;
      } finally {
        running.delete(name);
      }
    };
    const begun = { promise: work(), controller };
    running.set(name, begun);
    return begun;
  };

  const changeHub = (next: HubAccess) => {
    hub = next;
    memory.write(hub);
    library.setHub(hub);
    store.setState({ hub: shown(hub) });
    forgetLookups();
  };

  return {
    store,
    async look(name) {
      await describe(name.trim()).catch(() => {});
    },
    async download(name) {
      await start(name.trim()).promise.catch(() => {});
    },
    pause(name) {
      running.get(name.trim())?.controller.abort();
    },
    async ensure(typed, { signal, onChange }) {
      const name = typed.trim();
      const found = await abortable(describe(name), signal);
      const { state } = found.state === 'kept' ? await abortable(lookAgain(name), signal) : found;
      if (state !== 'fetchable') return;
      const isMine = !running.has(name);
      const { promise, controller } = start(name);
      const tell = ({ fetches }: ModelLibraryState) => {
        const fetching = fetches[name];
        if (fetching !== undefined) onChange(fetching);
      };
      tell(store.getState());
      const unsubscribe = store.subscribe(tell);
      try {
        await abortable(promise, signal);
      } finally {
        unsubscribe();
        if (signal.aborted && isMine) controller.abort();
      }
    },
    async addFiles(own) {
      try {
        const names: string[] = [];
        // One after another: each gets a name that those before it do not have.
        for (const { title, files } of own) names.push(await library.offerFiles(title, files));
        for (const name of names) setLookup(name, undefined);
        store.setState({ openedTogether: names.length > 1 ? names : [] });
        return names;
      } catch (error) {
        store.setState({ complaint: complaintOf(error).message });
        return null;
      }
    },
    async readEmbedding(source, signal) {
      try {
        return await library.readEmbedding(source, signal);
      } catch (error) {
        // Who takes it away does not wait for the answer.
        return { complaint: isAbort(error) ? '' : complaintOf(error).message };
      }
    },
    async remove({ folder, name }) {
      try {
        await library.remove(folder);
        setFetching(name, undefined);
        forgetLookups();
        await refresh();
      } catch (error) {
        store.setState({ complaint: complaintOf(error).message });
      }
    },
    refresh,
    setHubUrl(url) {
      // A token belongs to the hub that it was made for.
      changeHub({ url });
    },
    setToken(token) {
      changeHub({ ...hub, token });
    },
    async persist() {
      await library.persist();
      await refresh();
    },
    sizesOf(typed) {
      const { lookups, kept } = store.getState();
      const known = knownFacts(typed.trim(), lookups, kept);
      if (known === undefined) return { nativeSize: guessedNativeSize(typed) };
      const { nativeSize, fixedSize } = known;
      return { nativeSize, ...(fixedSize && { fixedSize }) };
    },
  };
}

/** @returns undefined while no configuration of the model was read */
function knownFacts(
  name: string,
  lookups: ModelLibraryState['lookups'],
  kept: ModelLibraryState['kept'],
): ModelSizes | undefined {
  const lookup = lookups[name];
  if (lookup?.state === 'found') return lookup.details;
  return kept?.find((model) => model.name === name)?.facts;
}

/** What an earlier visit or another tab left of a model, where it is not whole. */
export function unfinishedOf({ kept }: ModelLibraryState, name: string): KeptModel | undefined {
  return kept?.find((model) => model.name === name.trim() && model.unfinished !== undefined);
}

function shown({ url, token }: HubAccess): ModelLibraryState['hub'] {
  return { url, hasToken: token !== undefined };
}

function failure(error: unknown): Failure {
  return { message: complaintOf(error).message, wantsToken: wantsToken(error) };
}

function wantsToken(error: unknown): Failure['wantsToken'] {
  if (!(error instanceof InputError)) return 'no';
  return error.field === 'hub_token' ? 'yes' : error.mayNeedToken ? 'maybe' : 'no';
}

/** Records by what a person types have no names but their own: "constructor" is no model that was looked up. */
function byName<Value>(): Record<string, Value> {
  return Object.create(null);
}

function changed<Value>(
  record: Readonly<Record<string, Value>>,
  name: string,
  value: Value | undefined,
): Record<string, Value> {
  const { [name]: _, ...others } = record;
  return Object.assign(byName<Value>(), others, value === undefined ? {} : { [name]: value });
}

/** Rejects as soon as the signal aborts, whatever becomes of the work. */
function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
