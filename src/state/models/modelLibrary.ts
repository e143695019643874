/** Models as the page shows them: looked up, downloaded, paused, stored, deleted. */
import type { StoreApi } from 'zustand/vanilla';
import { abortable, InputError, isAbort, NetworkError, UnsupportedError } from '../../contract/errors';
import type {
  EmbeddingWord,
  FetchProgress,
  HubAccess,
  KeptModel,
  ModelDetails,
  ModelLibrary,
  ModelSizes,
} from '../../contract/modelLibrary';
import { selectorOf } from '../../contract/selectors';
import { displayError } from '../errorDisplay';
import type { HubPreferences } from './hubPreferences';
import { createAdmission } from './modelAdmission';
import { guessedSizes } from './modelCatalogue';
import type { OwnModel } from './modelFiles';
import { createModelState, type Failure, type Fetching, type ModelLibraryState } from './modelState';
import { createPace, type Pace } from './pace';
import { advanceTransfer, type Transfer } from './transfer';

export type { EmbeddingWord, Fit, KeptAssistant, KeptModel, ModelSizes } from '../../contract/modelLibrary';
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
  /** Looks a name up unless it was; the store has the answer. */
  look(name: string): Promise<void>;
  /** Downloads a model, or resumes the download; the store has the progress. */
  download(name: string): Promise<void>;
  /** Keeps what was downloaded so far. */
  pause(name: string): void;
  /**
   * Resolves once a run can start with the model. If it is missing, the store has a question until it is answered; then
   * the model is downloaded. One that is being downloaded already, or is a file of the user's, needs no answer.
   * @throws TooLargeError before any question if it can't run on this device; whatever the look-up or the download
   *   throws; an AbortError if the answer is no, and once the signal aborts: that pauses a download that this call
   *   began, while one that was under way continues
   */
  ensure(name: string, call: { signal: AbortSignal; onChange(fetching: Fetching): void }): Promise<void>;
  /**
   * The same for a model that selects, which any device can run.
   * @param id of {@link selectors}
   */
  ensureSelector(id: string, call: { signal: AbortSignal }): Promise<void>;
  /** Answers the question of a run, or of a tool. */
  answer(yes: boolean): void;
  /** Checks whether the recommended models fit this device, once per visit; the store has the answers. */
  checkOffers(): Promise<void>;
  /**
   * Measures this device unless that is under way; the store says so, and the pace has the answer. A device that can't be
   * measured has no times.
   */
  measureDevice(): Promise<void>;
  /** How fast this device is. */
  readonly pace: Pace;
  /** Remembers how long an image took. */
  recordPace(
    name: string,
    settings: { num_inference_steps: number; guidance_scale: number; strength: number },
    size: { width: number; height: number },
    seconds: number,
  ): void;
  /** @returns their names in the same order, or null if something went wrong */
  addFiles(own: readonly OwnModel[]): Promise<readonly string[] | null>;
  /** @returns the embedding's word, or what is wrong with it as a sentence */
  readEmbedding(source: string | File, signal: AbortSignal): Promise<EmbeddingWord | { complaint: string }>;
  remove(model: Pick<KeptModel, 'folder' | 'name'>): Promise<void>;
  /** Reads again which models are stored and how much space there is. */
  refresh(): Promise<void>;
  /** The network is back: retries failed look-ups and resumes downloads. */
  reconnect(): void;
  setHubUrl(url: string | undefined): void;
  setToken(token: string | undefined): void;
  persist(): Promise<void>;
  /** The sizes at which a model works: by its configuration once that is known, by its name before. */
  sizesOf(name: string): ModelSizes;
}

interface Running {
  promise: Promise<void>;
  controller: AbortController;
}

/** @param preferences remember the Hub and its token @param now milliseconds of a monotonic clock */
export function createModelLibraryStore(
  library: ModelLibrary,
  preferences: HubPreferences,
  now: () => number = () => performance.now(),
  pace: Pace = createPace(undefined),
): ModelLibraryStore {
  let hub: HubAccess = preferences.read();
  library.setHub(hub);
  const state = createModelState(hub);
  const { store, setLookup, setFetching } = state;
  const admission = createAdmission(state, library, pace);
  const looking = new Map<string, Promise<ModelDetails>>();
  const running = new Map<string, Running>();

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
    // An answer from before the Hub changed is dropped: another look-up has taken its place.
    const isCurrent = () => looking.get(name) === asked;
    asked.then(
      (details) => {
        if (!isCurrent()) return;
        setLookup(name, { state: 'found', details });
        if (details.configurations) admission.checkFits(name, details.configurations);
      },
      (error: unknown) => isCurrent() && setLookup(name, { state: 'failed', ...failure(error) }),
    );
    asked.catch(() => {}).then(() => isCurrent() && looking.delete(name));
    return asked;
  };

  const forgetLookups = () => {
    looking.clear();
    state.forgetLookups();
  };

  /** A stored model may have been damaged, cleared by the browser or deleted by another tab since. */
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
      const [kept, assistants, storage] = await Promise.all([
        library.list(),
        library.assistants(),
        library.storage(),
        ...keptNames.map((name) => lookAgain(name).catch(() => setLookup(name, undefined))),
      ]);
      state.setStored({ kept, assistants, storage });
    } catch (error) {
      state.complain(error);
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

  /** Copying the user's own file says nothing about the network. */
  const recordDownload = (name: string) => {
    const speed = transferOf(name)?.bytesPerSecond ?? 0;
    if (!isOwn(name)) pace.downloaded(speed);
  };

  const start = (name: string): Running => {
    const under = running.get(name);
    if (under !== undefined) return under;
    const controller = new AbortController();
    const isSelector = selectorOf(name) !== undefined;
    // Time spent paused doesn't count.
    setFetching(name, { state: 'waiting', forOtherTab: false });
    const work = async () => {
      try {
        const call = { signal: controller.signal, onProgress: onProgress(name) };
        await (isSelector ? library.downloadSelector(name, call) : library.download(name, call));
        recordDownload(name);
        setFetching(name, undefined);
        // It is stored now and better known; a pending answer is outdated.
        looking.delete(name);
        setLookup(name, undefined);
        await Promise.all([isSelector ? undefined : describe(name).catch(() => {}), refresh()]);
      } catch (error) {
        const transfer = transferOf(name);
        recordDownload(name);
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

  /** @param isMine whether this call began it, so that cancelling the call pauses it */
  const finish = async ({ promise, controller }: Running, signal: AbortSignal, isMine: boolean) => {
    try {
      await abortable(promise, signal);
    } finally {
      if (signal.aborted && isMine) controller.abort();
    }
  };

  const changeHub = (next: HubAccess) => {
    hub = next;
    preferences.write(hub);
    library.setHub(hub);
    state.setHub(hub);
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
      const begun = start(name);
      const tell = ({ fetches }: ModelLibraryState) => {
        const fetching = fetches[name];
        if (fetching !== undefined) onChange(fetching);
      };
      tell(store.getState());
      const unsubscribe = store.subscribe(tell);
      await finish(begun, signal, isMine).finally(unsubscribe);
    },
    async ensureSelector(name, { signal }) {
      const { isKept, totalBytes } = await abortable(library.describeSelector(name, signal), signal);
      if (isKept) return;
      if (!running.has(name)) await admission.ask({ name, totalBytes }, signal);
      const isMine = !running.has(name);
      await finish(start(name), signal, isMine);
    },
    answer: admission.answer,
    checkOffers: admission.checkOffers,
    pace,
    async measureDevice() {
      if (store.getState().measuring.isUnderWay) return;
      state.setMeasuring(true);
      try {
        const speed = await library.measureSpeed();
        if (speed !== null) pace.measured(speed);
      } catch {
        // Whatever is wrong with the device, the next run says it.
      } finally {
        state.countMeasurement();
      }
    },
    recordPace(name, { num_inference_steps, guidance_scale, strength }, { width, height }, seconds) {
      const lookup = store.getState().lookups[name.trim()];
      // The starter is so small that its time says nothing about others.
      if (lookup?.state !== 'found' || lookup.details.state === 'embedded') return;
      const steps = Math.ceil(num_inference_steps * strength);
      const work = { family: lookup.details.family, steps, guidance: guidance_scale, pixels: width * height };
      pace.painted(work, seconds);
      state.countMeasurement();
    },
    async addFiles(own) {
      try {
        const names: string[] = [];
        // One after another, so that each gets a name of its own.
        for (const { title, files } of own) names.push(await library.offerFiles(title, files));
        for (const name of names) setLookup(name, undefined);
        state.setOpenedTogether(names.length > 1 ? names : []);
        return names;
      } catch (error) {
        state.complain(error);
        return null;
      }
    },
    async readEmbedding(source, signal) {
      try {
        return await library.readEmbedding(source, signal);
      } catch (error) {
        // Nobody waits for the answer once the embedding was removed.
        return { complaint: isAbort(error) ? '' : displayError(error).message };
      }
    },
    async remove({ folder, name }) {
      try {
        await library.remove(folder);
        setFetching(name, undefined);
        forgetLookups();
        await refresh();
      } catch (error) {
        state.complain(error);
      }
    },
    refresh,
    reconnect() {
      const { lookups, fetches } = store.getState();
      for (const [name, lookup] of Object.entries(lookups)) {
        // The component that shows it looks it up.
        if (lookup.state === 'failed' && lookup.canTryAgain) setLookup(name, undefined);
      }
      for (const [name, fetching] of Object.entries(fetches)) {
        if (fetching.state === 'failed' && fetching.isOfNetwork) void start(name).promise.catch(() => {});
      }
    },
    setHubUrl(url) {
      // A token belongs to the Hub that issued it.
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
      if (known === undefined) return guessedSizes(typed);
      const { nativeSize, fixedSize, ownScale, removes } = known;
      return {
        nativeSize,
        ...(fixedSize && { fixedSize }),
        ...(ownScale && { ownScale }),
        ...(removes && { removes }),
      };
    },
  };
}

/** @returns undefined until the model's configuration was read */
function knownFacts(
  name: string,
  lookups: ModelLibraryState['lookups'],
  kept: ModelLibraryState['kept'],
): ModelSizes | undefined {
  const lookup = lookups[name];
  if (lookup?.state === 'found') return lookup.details;
  return kept?.find((model) => model.name === name)?.facts;
}

/** A file or folder of the user's: nothing is downloaded. */
function isOwn(name: string): boolean {
  return name.startsWith('disk:');
}

function failure(error: unknown): Failure {
  const token = wantsToken(error);
  const isOfName = error instanceof InputError || error instanceof UnsupportedError;
  const isOfNetwork = error instanceof NetworkError;
  return { message: displayError(error).message, wantsToken: token, canTryAgain: !isOfName, isOfNetwork };
}

function wantsToken(error: unknown): Failure['wantsToken'] {
  if (!(error instanceof InputError)) return 'no';
  return error.field === 'hub_token' ? 'yes' : error.mayNeedToken ? 'maybe' : 'no';
}
