/** What every engine offers its callers: the local worker, the hosted API, a server of one's own. */
import type { z } from 'zod';
import { InputError } from './errors';
import type { ModelLibrary } from './modelLibrary';
import {
  type InpaintRequest,
  type InpaintResult,
  inpaintRequestSchema,
  type LocalOptions,
  localOptionsSchema,
} from './schema';

export type Progress =
  | { stage: 'download'; file: string; loadedBytes: number; totalBytes: number }
  /** LoRAs go into the model's weights; the bytes are those of the weights. */
  | { stage: 'merge'; file: string; loadedBytes: number; totalBytes: number }
  | { stage: 'compile'; component: string }
  /** Picture and mask are on their way to a server. */
  | { stage: 'upload' }
  | { stage: 'queue'; position: number }
  /** A line that the server wrote about the run. */
  | { stage: 'log'; message: string }
  | { stage: 'encode' }
  /** `step` counts finished steps, from 0. The receiver owns the preview and closes it. */
  | { stage: 'denoise'; step: number; steps: number; preview?: ImageBitmap }
  | { stage: 'decode' };

export interface Call {
  /** Aborting rejects the call with an AbortError within one step; the engine stays usable. */
  signal: AbortSignal;
  onProgress(progress: Progress): void;
}

export interface Engine {
  /**
   * Repaints the white part of the mask.
   * @throws InputError, CheckpointError, DeviceError, NetworkError, or an AbortError after cancellation
   */
  inpaint(request: InpaintRequest, options: LocalOptions, call: Call): Promise<InpaintResult>;
  dispose(): Promise<void>;
}

/**
 * Checks a request at the edge.
 * @throws InputError naming the first field that is wrong
 */
export function parseRequest(input: unknown): InpaintRequest {
  return parse(inpaintRequestSchema, input);
}

/** @throws InputError naming the first option that is wrong */
export function parseLocalOptions(input: unknown): LocalOptions {
  return parse(localOptionsSchema, input);
}

function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || 'request';
  throw new InputError(field, `${field}: ${issue?.message ?? 'is not valid'}`);
}

/** By whose leave the hosted API is used. */
export type HostedAccess =
  | { kind: 'key'; key: string }
  | { kind: 'proxy'; url: string }
  /** A server of one's own that speaks the same API (`npm run serve`); `key` where it asks for one. */
  | { kind: 'server'; url: string; key?: string };

/** Where pictures shall be made on this machine; `auto`: on a real graphics device where there is one, else by WASM. */
export type ProviderChoice = 'auto' | 'webgpu' | 'wasm';

/** Where an engine makes its pictures, for the line at the top of the page. */
export interface EngineStatus {
  provider: 'webgpu' | 'wasm';
  precision: 'fp16' | 'fp32';
  /** CPU threads under WASM. */
  threads?: number;
  /** Why it is slower than it could be, in one sentence with what to do; absent where nothing is wrong. */
  note?: string;
}

/** An engine on this machine, which can say how it runs. */
export interface LocalEngine extends Engine {
  /** Calls back with the status as soon as it is known and when it changes. @returns the unsubscriber */
  onStatus(listener: (status: EngineStatus) => void): () => void;
  readonly models: ModelLibrary;
}
