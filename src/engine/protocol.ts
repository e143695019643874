/** The messages between the page and the worker that runs the local engine. */
import type { EngineStatus, Progress } from './engine';
import type { EncodedError } from './errors';
import type { InpaintRequest, LocalOptions } from './schema';

export type ProviderChoice = 'auto' | 'webgpu' | 'wasm';

export type ToWorker =
  /** First message. `baseUrl` is the page's own address, against which the embedded model lies. */
  | { type: 'init'; baseUrl: string; provider: ProviderChoice; hubUrl?: string | undefined }
  | { type: 'inpaint'; id: number; request: InpaintRequest; options: LocalOptions }
  | { type: 'cancel'; id: number };

/** A finished picture before it has an address: an object URL belongs to the page, not to the worker. */
export interface FinishedPicture {
  png: Blob;
  width: number;
  height: number;
  seed: number;
  timings: Record<string, number>;
}

export type FromWorker =
  | { type: 'status'; status: EngineStatus }
  | { type: 'progress'; id: number; progress: Progress }
  | { type: 'result'; id: number; picture: FinishedPicture }
  /** `dead`: this worker can do no more (its device is lost); the next call needs a new one. */
  | { type: 'error'; id: number; error: EncodedError; dead: boolean };
