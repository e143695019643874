/** The models on this device: looking them up, downloading, listing and deleting them. */
import { z } from 'zod';
import type { FamilyId } from './families';
import type { ModelTraits } from './modelSettings';
import type { SelectorDetails } from './selectors';

/** What a session computes in, and what weights are stored as. */
export const precisionSchema = z.enum(['fp16', 'fp32']);
export type Precision = z.infer<typeof precisionSchema>;

/** The image sizes that a model works at, in pixels. */
export interface ModelSizes {
  /** Side of the square images that it was trained on. */
  nativeSize: number;
  /** The only size that it accepts; absent if it accepts any. */
  fixedSize?: { width: number; height: number };
  /** It works at the image's own resolution: what it is shown is never scaled. */
  ownScale?: true;
  /** It takes away what is masked: its result counts up to the mask's very edge. */
  removes?: true;
}

/** What a model is, read from its configuration files and, for a downloaded ONNX export, from its graph. */
export interface ModelFacts extends ModelSizes {
  family: FamilyId;
  /** Made for inpainting: its UNet also sees the mask and the masked image. */
  isInpainting: boolean;
  /** Settings that suit it, according to its configuration; absent if that was not read. */
  traits?: ModelTraits;
}

/** What a name leads to, known before any weights are downloaded. */
export interface ModelDetails extends ModelFacts {
  /** As the user entered it. */
  name: string;
  /** Where its files are. */
  location: string;
  /** What it is stored and computed in on this device. */
  precision: Precision;
  /**
   * `embedded` is part of the page; `served` is read from its URL on every visit and never stored; `kept` is completely
   * stored on this device; `fetchable` must be downloaded, or copied from the user's disk.
   */
  state: 'embedded' | 'served' | 'kept' | 'fetchable';
  /** Bytes of all its files. */
  totalBytes: number;
  /** As its page on the Hub says. */
  licence?: string | undefined;
  /** Which files were chosen, and anything else the user should know. */
  notes: readonly string[];
  /** The networks' configurations by path, as JSON, for {@link ModelLibrary.judge}. Absent if there is nothing to download. */
  configurations?: ReadonlyMap<string, string>;
}

/** Whether a model fits into this device's memory at its native size. */
export type Fit =
  | { verdict: 'fits' }
  /** `message` is what a refused run would say. */
  | { verdict: 'tooLarge'; neededBytes: number; availableBytes: number; message: string };

/** A model in this browser's storage, complete or not. */
export interface KeptModel {
  /** The argument of {@link ModelLibrary.remove}. */
  folder: string;
  name: string;
  location: string;
  /** As its page on the Hub says. */
  licence?: string | undefined;
  precision: Precision;
  /** Absent if its download is not complete. */
  facts?: ModelFacts;
  /** Bytes on disk. */
  storedBytes: number;
  /** How far an incomplete download has come, in bytes of its source. */
  unfinished?: { receivedBytes: number; totalBytes: number };
  /** It is being downloaded now, in this tab or another. */
  isBusy: boolean;
}

/** A model in this browser's storage that selects and does not paint, complete or not. */
export interface KeptAssistant extends Omit<KeptModel, 'precision' | 'facts'> {
  title: string;
  /** What it is for, in a few words. */
  does: string;
}

export const fetchProgressSchema = z.discriminatedUnion('stage', [
  /** Another tab is downloading it. */
  z.object({ stage: z.literal('wait') }),
  /** Counts all files of the model. */
  z.object({
    stage: z.literal('download'),
    file: z.string(),
    loadedBytes: z.number().min(0),
    totalBytes: z.number().min(0),
  }),
]);
export type FetchProgress = z.infer<typeof fetchProgressSchema>;

export const hubAccessSchema = z.object({
  /** Absent: Hugging Face. */
  url: z.string().optional(),
  /** Sent only to the hub's own host. */
  token: z.string().optional(),
});
export type HubAccess = z.infer<typeof hubAccessSchema>;

export interface StorageFacts {
  /** Bytes that this site may still store; absent if the browser does not say. */
  freeBytes?: number;
  usedBytes?: number;
  /** The browser will not clear it when disk space runs low. */
  isPersistent: boolean;
}

export interface FetchCall {
  /** Aborting rejects with an AbortError; what has arrived stays, and the next call resumes from there. */
  signal: AbortSignal;
  onProgress(progress: FetchProgress): void;
}

/** What an embedding (a textual inversion) adds to the prompt's vocabulary. */
export interface EmbeddingWord {
  /** Its name in the prompt, unless the user gives it another. */
  token: string;
  /** Prompt tokens that it takes up. */
  vectors: number;
  /** Widths of the text encoders that it is made for, in the model's order. */
  widths: readonly number[];
}

export interface ModelLibrary {
  /**
   * Looks up a model; downloads no weights.
   * @throws InputError (`model_name`, or `hub_token` if it is gated), CheckpointError if it is of a kind that Inlay
   *   can't run, NetworkError
   */
  describe(name: string, signal: AbortSignal): Promise<ModelDetails>;
  /**
   * Downloads a model into this browser's storage, and asks the browser never to clear it by itself. Does nothing if the
   * model is stored, embedded or served.
   * @throws as {@link describe}, and DeviceError if storage is full
   */
  download(name: string, call: FetchCall): Promise<void>;
  /**
   * Registers the user's own files as a model.
   * @param files by path within the model; a single file by its name
   * @returns the model name to use for them
   */
  offerFiles(title: string, files: ReadonlyMap<string, File>): Promise<string>;
  /**
   * Reads an embedding, downloading it (a few kilobytes) unless it is stored.
   * @throws InputError, CheckpointError (`embeddings`), NetworkError
   */
  readEmbedding(source: string | File, signal: AbortSignal): Promise<EmbeddingWord>;
  /**
   * Looks up a model for selecting, which the assistant runs; downloads no weights.
   * @param id of {@link selectors}
   * @throws as {@link describe}
   */
  describeSelector(id: string, signal: AbortSignal): Promise<SelectorDetails>;
  /** Downloads it into the same storage. Does nothing if it is there. @throws as {@link download} */
  downloadSelector(id: string, call: FetchCall): Promise<void>;
  list(): Promise<KeptModel[]>;
  /** Those that select; {@link remove} deletes them too. */
  assistants(): Promise<KeptAssistant[]>;
  /** @throws InputError (`model_name`) while a tab uses or downloads it */
  remove(folder: string): Promise<void>;
  /**
   * Checks whether a model fits, from its configurations; downloads nothing.
   * @throws CheckpointError if Inlay can't run its kind; DeviceError
   */
  judge(name: string, configurations: ReadonlyMap<string, string>): Promise<Fit>;
  /**
   * Measures this device with a small piece of a network, in about a second.
   * @returns floating point operations per second; null if a run is at work, which the measurement would only slow down
   * @throws DeviceError
   */
  measureSpeed(): Promise<number | null>;
  /** Models come from this hub from now on. */
  setHub(hub: HubAccess): void;
  storage(): Promise<StorageFacts>;
  /** Asks the browser never to clear this site's storage by itself. @returns whether it agreed */
  persist(): Promise<boolean>;
}
