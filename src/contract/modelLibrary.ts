/** The models of this machine: what a name leads to, what is kept, fetching and deleting. */

import type { FamilyId } from './families';
import type { ModelTraits } from './modelSettings';

/** The pictures that a model works on, in pixels. */
export interface ModelSizes {
  /** Side of the squares that it was trained on. */
  nativeSize: number;
  /** The one size that it takes; absent where it takes any. */
  fixedSize?: { width: number; height: number };
}

/** What a model is, read from its own configuration, and of an ONNX export from its graph once that is here. */
export interface ModelFacts extends ModelSizes {
  family: FamilyId;
  /** Made for inpainting: its UNet sees mask and picture too. */
  isInpainting: boolean;
  /** What its configuration says of the settings that suit it; absent where it was not read. */
  traits?: ModelTraits;
}

/** What a name leads to, known before any weights are fetched. */
export interface ModelDetails extends ModelFacts {
  /** As a person named it. */
  name: string;
  /** Where its files really are. */
  location: string;
  /** In which it runs and is kept here. */
  precision: 'fp16' | 'fp32';
  /**
   * `embedded` comes with the page; `served` is read from its address at each visit and never kept; `kept` is stored
   * whole; `fetchable` is to be downloaded, or copied from the person's disk.
   */
  state: 'embedded' | 'served' | 'kept' | 'fetchable';
  /** Bytes of all its files. */
  totalBytes: number;
  /** As its page on the Hub names it. */
  licence?: string | undefined;
  /** Which files were chosen, and what else a person should know. */
  notes: readonly string[];
  /** Of its networks, by path, as JSON: what {@link ModelLibrary.judge} takes. Absent where nothing is to be fetched. */
  configurations?: ReadonlyMap<string, string>;
}

/** Whether this machine's memory holds a model at its own size. */
export type Fit =
  | { verdict: 'fits' }
  /** As the refusal of a run says it. */
  | { verdict: 'tooLarge'; neededBytes: number; availableBytes: number; message: string };

/** A model in this browser's storage, finished or not. */
export interface KeptModel {
  /** What {@link ModelLibrary.remove} takes. */
  folder: string;
  name: string;
  location: string;
  /** As its page on the Hub names it. */
  licence?: string | undefined;
  precision: 'fp16' | 'fp32';
  /** Absent where it is not finished. */
  facts?: ModelFacts;
  /** Bytes on the disk. */
  storedBytes: number;
  /** Where it is not finished: how far it came, in bytes of its source. */
  unfinished?: { receivedBytes: number; totalBytes: number };
  /** It is being fetched now, in this tab or another. */
  isBusy: boolean;
}

export type FetchProgress =
  /** Another tab fetches it. */
  | { stage: 'wait' }
  /** Counts all files of the model. */
  | { stage: 'download'; file: string; loadedBytes: number; totalBytes: number };

export interface HubAccess {
  /** Hugging Face's own Hub where absent. */
  url?: string | undefined;
  /** Sent to the Hub's own host and to no other. */
  token?: string | undefined;
}

export interface StorageFacts {
  /** Bytes that this site may still store; absent where the browser does not say. */
  freeBytes?: number;
  usedBytes?: number;
  /** The browser will not clear it when the disk gets full. */
  isPersistent: boolean;
}

export interface FetchCall {
  /** Aborting rejects with an AbortError; what has arrived is kept, and the next call goes on from there. */
  signal: AbortSignal;
  onProgress(progress: FetchProgress): void;
}

/** What an embedding (a textual inversion) teaches. */
export interface EmbeddingWord {
  /** What it is called in the prompt unless a person gives it another name. */
  token: string;
  /** Tokens of a prompt that it takes. */
  vectors: number;
  /** Of the text encoders that it is made for, in the model's order. */
  widths: readonly number[];
}

export interface ModelLibrary {
  /**
   * Looks a model up; no weights are fetched.
   * @throws InputError (`model_name`, or `hub_token` where it is gated), CheckpointError where it is of a kind that
   *   cannot be run, NetworkError
   */
  describe(name: string, signal: AbortSignal): Promise<ModelDetails>;
  /**
   * Fetches a model and keeps it, and asks the browser not to clear it by itself. One that is kept, embedded or served
   * needs nothing.
   * @throws as {@link describe}, and DeviceError where storage is full
   */
  download(name: string, call: FetchCall): Promise<void>;
  /**
   * Makes files of the person's own known under a name, which then goes where any model's name goes.
   * @param files by path within the model; of a single file its name
   */
  offerFiles(title: string, files: ReadonlyMap<string, File>): Promise<string>;
  /**
   * Reads an embedding, which is fetched where it is not kept: some kilobytes.
   * @throws InputError, CheckpointError (`embeddings`), NetworkError
   */
  readEmbedding(source: string | File, signal: AbortSignal): Promise<EmbeddingWord>;
  list(): Promise<KeptModel[]>;
  /** @throws InputError (`model_name`) while a tab uses or fetches it */
  remove(folder: string): Promise<void>;
  /**
   * Judges a model from its configurations; nothing is fetched.
   * @throws CheckpointError where they are of a kind that cannot be run; DeviceError
   */
  judge(name: string, configurations: ReadonlyMap<string, string>): Promise<Fit>;
  /** From now on. */
  setHub(hub: HubAccess): void;
  storage(): Promise<StorageFacts>;
  /** Asks the browser never to clear this site's storage by itself. @returns whether it agreed */
  persist(): Promise<boolean>;
}
