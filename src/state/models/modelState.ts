/** What the page knows about models: the store, and every action that changes it. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type {
  Fit,
  HubAccess,
  KeptAssistant,
  KeptModel,
  ModelDetails,
  StorageFacts,
} from '../../contract/modelLibrary';
import { displayError } from '../errorDisplay';
import type { Transfer } from './transfer';

export interface Failure {
  message: string;
  /** Whether the token of an account with access would help: 'maybe' if the model may be private. */
  wantsToken: 'yes' | 'maybe' | 'no';
  /** Trying again may help: the cause was the network or a server, not the name. */
  canTryAgain: boolean;
  /** The cause was the network. */
  isOfNetwork: boolean;
}

export type Lookup =
  | { state: 'looking' }
  | { state: 'found'; details: ModelDetails }
  | ({ state: 'failed' } & Failure);

export type Fetching =
  /** Requested, or another tab is downloading it. */
  | { state: 'waiting'; forOtherTab: boolean }
  | { state: 'running'; transfer: Transfer }
  | { state: 'paused'; transfer: Transfer | null }
  | ({ state: 'failed'; transfer: Transfer | null } & Failure);

export interface DownloadQuestion {
  name: string;
  /** Remaining. */
  bytes: number;
  /** By the speed of earlier downloads; null if none was measured. */
  seconds: number | null;
  /** Part of it is stored already. */
  isBegun: boolean;
}

export interface ModelLibraryState {
  /** By name as typed, trimmed; missing names were not looked up. */
  lookups: Readonly<Record<string, Lookup>>;
  /** Downloads since the page was opened. */
  fetches: Readonly<Record<string, Fetching>>;
  /** Whether they fit into this device's memory: models that were looked up, and the recommended ones. */
  fits: Readonly<Record<string, Fit>>;
  /** A run needs a model that isn't stored: may it be downloaded? */
  question: DownloadQuestion | null;
  /** Whether this device is being measured, and how often a time was found: what depends on the pace reads it again. */
  measuring: { isUnderWay: boolean; count: number };
  /** Stored models; null until they are read. */
  kept: readonly KeptModel[] | null;
  /** Stored models that select; read together with `kept`. */
  assistants: readonly KeptAssistant[];
  /** The names of the models that were last opened from one folder, if it contained several. */
  openedTogether: readonly string[];
  storage: StorageFacts | null;
  hub: { url: string | undefined; hasToken: boolean };
  /** What went wrong with the list or with a deletion. */
  complaint: string | null;
}

/** The incomplete download that an earlier visit or another tab left of a model. */
export function unfinishedOf(
  { kept, assistants }: Pick<ModelLibraryState, 'kept' | 'assistants'>,
  name: string,
): KeptModel | KeptAssistant | undefined {
  const all = [...(kept ?? []), ...assistants];
  return all.find((model) => model.name === name.trim() && model.unfinished !== undefined);
}

export type ModelState = ReturnType<typeof createModelState>;

export function createModelState(hub: HubAccess) {
  const store: StoreApi<ModelLibraryState> = createStore<ModelLibraryState>(() => ({
    lookups: byName(),
    fetches: byName(),
    fits: byName(),
    question: null,
    measuring: { isUnderWay: false, count: 0 },
    kept: null,
    assistants: [],
    openedTogether: [],
    storage: null,
    hub: shown(hub),
    complaint: null,
  }));
  return {
    store,
    /** @param lookup undefined forgets it */
    setLookup(name: string, lookup: Lookup | undefined): void {
      store.setState(({ lookups }) => ({ lookups: changed(lookups, name, lookup) }));
    },
    forgetLookups(): void {
      store.setState({ lookups: byName() });
    },
    /** @param fetching undefined once it is done */
    setFetching(name: string, fetching: Fetching | undefined): void {
      store.setState(({ fetches }) => ({ fetches: changed(fetches, name, fetching) }));
    },
    /** @param fit undefined if it can't be known before a run */
    setFit(name: string, fit: Fit | undefined): void {
      store.setState(({ fits }) => ({ fits: changed(fits, name, fit) }));
    },
    /** @param question null once it is answered */
    setQuestion(question: DownloadQuestion | null): void {
      store.setState({ question });
    },
    setMeasuring(isUnderWay: boolean): void {
      store.setState(({ measuring }) => ({ measuring: { ...measuring, isUnderWay } }));
    },
    countMeasurement(): void {
      store.setState(({ measuring: { count } }) => ({ measuring: { isUnderWay: false, count: count + 1 } }));
    },
    setStored(stored: Pick<ModelLibraryState, 'kept' | 'assistants' | 'storage'>): void {
      store.setState({ ...stored, complaint: null });
    },
    setOpenedTogether(names: readonly string[]): void {
      store.setState({ openedTogether: names });
    },
    setHub(next: HubAccess): void {
      store.setState({ hub: shown(next) });
    },
    complain(error: unknown): void {
      store.setState({ complaint: displayError(error).message });
    },
  };
}

function shown({ url, token }: HubAccess): ModelLibraryState['hub'] {
  return { url, hasToken: token !== undefined };
}

/** Records keyed by typed names have no inherited keys: "constructor" was not looked up. */
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
