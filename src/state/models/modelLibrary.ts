/** The models of this machine as the panel shows them: looked up, fetched, paused, kept, deleted. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { InputError, isAbort, NetworkError, UnsupportedError } from '../../contract/errors';
import type {
  EmbeddingWord,
  FetchProgress,
  HubAccess,
  KeptModel,
  ModelDetails,
  ModelLibrary,
  ModelSizes,
} from '../../contract/modelLibrary';
import { complaintOf } from '../errorDisplay';
import type { HubPreferences } from './hubPreferences';
import { createAdmission } from './modelAdmission';
import { guessedNativeSize } from './modelCatalogue';
import type { OwnModel } from './modelFiles';
import type { Failure, Fetching, Lookup, ModelLibraryState } from './modelState';
import { createPace, type Pace } from './pace';
import { advanceTransfer, type Transfer } from './transfer';

export type { EmbeddingWord, Fit, KeptModel, ModelSizes } from '../../contract/modelLibrary';
export {
  type DownloadQuestion,
  type Failure,
  type Fetching,
  type Lookup,
  type ModelLibraryState,
  unfinishedOf,
} from './modelState';

export interface ModelLibraryStore {
  readonly store: StoreApi<ModelLibraryState>;
  /** Looks a name up unless that is done; the store has the answer. */
  look(name: string): Promise<void>;
  /** Fetches a model, or goes on with it; the store has the progress. */
  download(name: string): Promise<void>;
  /** What has arrived is kept. */
  pause(name: string): void;
  /**
   * Resolves once a run can start with the model. Where it is missing, the question in the store stands until it is
   * answered; then the model is fetched. One that is being fetched already, or lies on the person's own disk, needs no answer.
   * @throws TooLargeError before anything is asked where it cannot run here; whatever the look-up or the download throws;
   *   an AbortError where the answer is no, and once the signal aborts: a download that this call began is paused
   *   then, one that was under way goes on
   */
  ensure(name: string, call: { signal: AbortSignal; onChange(fetching: Fetching): void }): Promise<void>;
  /** Answers the question of a run. */
  answer(yes: boolean): void;
  /** Judges the recommended models, once a visit; the store has the answers. */
  judgeOffers(): Promise<void>;
  /** How fast this device was. */
  readonly pace: Pace;
  /** Remembers how long a picture took. */
  learnPace(
    name: string,
    settings: { num_inference_steps: number; guidance_scale: number; strength: number },
    size: { width: number; height: number },
    seconds: number,
  ): void;
  /** @returns the names that they go under in the same order, or null where something went wrong */
  addFiles(own: readonly OwnModel[]): Promise<readonly string[] | null>;
  /** @returns the word that it teaches, or what is wrong with it as a sentence */
  readEmbedding(source: string | File, signal: AbortSignal): Promise<EmbeddingWord | { complaint: string }>;
  remove(model: KeptModel): Promise<void>;
  /** Reads again what is kept and how much room there is. */
  refresh(): Promise<void>;
  /** The network is back: what failed for want of it is looked up again, and downloads go on. */
  reconnect(): void;
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

/** @param preferences where the hub and its token are remembered @param now milliseconds of a clock that only runs forward */
export function createModelLibraryStore(
  library: ModelLibrary,
  preferences: HubPreferences,
  now: () => number = () => performance.now(),
  pace: Pace = createPace(undefined),
): ModelLibraryStore {
  let hub: HubAccess = preferences.read();
  library.setHub(hub);
  const store = createStore<ModelLibraryState>(() => ({
    lookups: byName(),
    fetches: byName(),
    fits: byName(),
    question: null,
    kept: null,
    openedTogether: [],
    storage: null,
    hub: shown(hub),
    complaint: null,
  }));
  const admission = createAdmission(store, library, pace);
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
      (details) => {
        if (!isCurrent()) return;
        setLookup(name, { state: 'found', details });
        if (details.configurations) admission.judge(name, details.configurations);
      },
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

  /** A person's own disk says nothing of the network. */
  const learnDownload = (name: string) => {
    const speed = transferOf(name)?.bytesPerSecond ?? 0;
    if (!isOwn(name)) pace.downloaded(speed);
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
        learnDownload(name);
        setFetching(name, undefined);
        // It is kept now, and known better; an answer that is still under way is from before.
        looking.delete(name);
        setLookup(name, undefined);
        await Promise.all([describe(name).catch(() => {}), refresh()]);
      } catch (error) {
        const transfer = transferOf(name);
        learnDownload(name);
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
    preferences.write(hub);
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
      if (!running.has(name) && !isOwn(name)) {
        await abortable(admission.refuseUnfit(name), signal);
        await admission.ask({ name, totalBytes: found.totalBytes }, signal);
      }
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
    answer: admission.answer,
    judgeOffers: admission.judgeOffers,
    pace,
    learnPace(name, { num_inference_steps, guidance_scale, strength }, { width, height }, seconds) {
      const lookup = store.getState().lookups[name.trim()];
      // The starter is so small that its time says nothing of others.
      if (lookup?.state !== 'found' || lookup.details.state === 'embedded') return;
      const steps = Math.ceil(num_inference_steps * strength);
      const work = { family: lookup.details.family, steps, guidance: guidance_scale, pixels: width * height };
      pace.painted(work, seconds);
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
    reconnect() {
      const { lookups, fetches } = store.getState();
      for (const [name, lookup] of Object.entries(lookups)) {
        // Whoever shows it looks it up.
        if (lookup.state === 'failed' && lookup.canTryAgain) setLookup(name, undefined);
      }
      for (const [name, fetching] of Object.entries(fetches)) {
        if (fetching.state === 'failed' && fetching.isOfNetwork) void start(name).promise.catch(() => {});
      }
    },
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

/** A file or folder of the person's own: nothing is downloaded. */
function isOwn(name: string): boolean {
  return name.startsWith('disk:');
}

function shown({ url, token }: HubAccess): ModelLibraryState['hub'] {
  return { url, hasToken: token !== undefined };
}

function failure(error: unknown): Failure {
  const token = wantsToken(error);
  const isOfName = error instanceof InputError || error instanceof UnsupportedError;
  const isOfNetwork = error instanceof NetworkError;
  return { message: complaintOf(error).message, wantsToken: token, canTryAgain: !isOfName, isOfNetwork };
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
