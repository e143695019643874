/** What the page knows of the models of this machine: one store that look-ups, downloads and judgements write to. */
import type { Fit, KeptModel, ModelDetails, StorageFacts } from '../../contract/modelLibrary';
import type { Transfer } from './transfer';

export interface Failure {
  message: string;
  /** Whether a token of an account that may read it would help: it may where the model may be private. */
  wantsToken: 'yes' | 'maybe' | 'no';
  /** Looking again may help: the network or a server was the trouble, not the name. */
  canTryAgain: boolean;
  /** The network was the trouble. */
  isOfNetwork: boolean;
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

export interface DownloadQuestion {
  name: string;
  /** Still to come. */
  bytes: number;
  /** By the speed of earlier downloads; null where none was measured. */
  seconds: number | null;
  /** A part is here already. */
  isBegun: boolean;
}

export interface ModelLibraryState {
  /** By name as typed, without blanks around it; a name that is missing was not looked up. */
  lookups: Readonly<Record<string, Lookup>>;
  /** Of this session. */
  fetches: Readonly<Record<string, Fetching>>;
  /** Whether this machine's memory holds them: models that were looked up, and the recommended ones. */
  fits: Readonly<Record<string, Fit>>;
  /** A run needs a model that is not here: may it be fetched? */
  question: DownloadQuestion | null;
  /** Null until it is read. */
  kept: readonly KeptModel[] | null;
  /** The models that were last opened from one folder, where it held several: the name of each. */
  openedTogether: readonly string[];
  storage: StorageFacts | null;
  hub: { url: string | undefined; hasToken: boolean };
  /** What went wrong with the list or a deletion. */
  complaint: string | null;
}

/** What an earlier visit or another tab left of a model, where it is not whole. */
export function unfinishedOf({ kept }: Pick<ModelLibraryState, 'kept'>, name: string): KeptModel | undefined {
  return kept?.find((model) => model.name === name.trim() && model.unfinished !== undefined);
}
