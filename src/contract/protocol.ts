/** The messages between the page and its workers: the one that runs the local engine, the one that fetches models. */
import type { EngineStatus, Progress, ProviderChoice } from './engine';
import type { EncodedError } from './errors';
import type { EmbeddingWord, FetchProgress, HubAccess, KeptModel, ModelDetails } from './modelLibrary';
import type { InpaintRequest, LocalOptions } from './schema';

export type ToWorker =
  /** First message. `baseUrl` is the page's own address, against which the embedded model lies. */
  | { type: 'init'; baseUrl: string; provider: ProviderChoice; hubUrl?: string | undefined }
  | { type: 'inpaint'; id: number; request: InpaintRequest; options: LocalOptions }
  | { type: 'cancel'; id: number }
  /** From now on models come from there. */
  | { type: 'hub'; hub: HubAccess }
  /** Lets go of the open model, unless a run needs it; answered by `answered`. */
  | { type: 'release'; id: number }
  /** Can a model of these configurations run here? Answered by `answered`. */
  | { type: 'judge'; id: number; name: string; texts: Texts };

/** Configurations by their paths within a model. */
export type Texts = ReadonlyMap<string, string>;

/** A finished picture before it has an address: an object URL belongs to the page, not to the worker. */
export interface FinishedPicture {
  png: Blob;
  width: number;
  height: number;
  seed: number;
  timings: Record<string, number>;
}

/** Of a worker of the page: it holds a Web Lock of this name for as long as it lives. */
export interface Alive {
  type: 'alive';
  lock: string;
}

export type FromWorker =
  | Alive
  | { type: 'status'; status: EngineStatus }
  /** Nothing can run here; the next request tries again. */
  | { type: 'unavailable'; error: EncodedError }
  | { type: 'answered'; id: number; error?: EncodedError }
  | { type: 'progress'; id: number; progress: Progress }
  | { type: 'result'; id: number; picture: FinishedPicture }
  /** `dead`: this worker can do no more (its device is lost); the next call needs a new one. */
  | { type: 'error'; id: number; error: EncodedError; dead: boolean };

/** What the page asks the worker that fetches models. */
export type LibraryRequest =
  | { method: 'describe' | 'download'; name: string; precision: EngineStatus['precision'] }
  | { method: 'offerFiles'; title: string; files: ReadonlyMap<string, File> }
  | { method: 'readEmbedding'; source: string | File }
  | { method: 'list' }
  | { method: 'room' }
  | { method: 'remove'; folder: string };

/** What each of them is answered with. */
export interface LibraryValues {
  describe: ModelDetails;
  download: null;
  offerFiles: string;
  readEmbedding: EmbeddingWord;
  list: KeptModel[];
  /** Bytes that can still be stored; null where the browser does not say. */
  room: number | null;
  remove: null;
}

export type ToLibrary =
  /** First message. */
  | { type: 'init'; baseUrl: string }
  | { type: 'hub'; hub: HubAccess }
  | { type: 'call'; id: number; request: LibraryRequest }
  | { type: 'cancel'; id: number }
  /** The engine's word on what `judge` asked. */
  | { type: 'judged'; id: number; error?: EncodedError };

export type FromLibrary =
  | Alive
  | { type: 'progress'; id: number; progress: FetchProgress }
  /** Asked within a download before its first byte of weights: can the device run this? */
  | { type: 'judge'; id: number; name: string; texts: Texts }
  | { type: 'result'; id: number; value: LibraryValues[keyof LibraryValues] }
  | { type: 'error'; id: number; error: EncodedError };
