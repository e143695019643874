/** The interface of every engine: the local worker, the hosted API, your own server. */
import { z } from 'zod';
import { InputError } from './errors';
import { type ModelLibrary, precisionSchema } from './modelLibrary';
import {
  type InpaintRequest,
  type InpaintResult,
  inpaintRequestSchema,
  type LocalOptions,
  localOptionsSchema,
} from './schema';

const count = z.int().min(0);
const transfer = { file: z.string(), loadedBytes: z.number().min(0), totalBytes: z.number().min(0) };
/** An ImageBitmap, known by its `close`: Node has no such class. */
const bitmap = z.custom<ImageBitmap>(
  (value) =>
    typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function',
);

export const progressSchema = z.discriminatedUnion('stage', [
  z.object({ stage: z.literal('download'), ...transfer }),
  /** LoRAs are merged into the model's weights; the bytes are those of the weights. */
  z.object({ stage: z.literal('merge'), ...transfer }),
  z.object({ stage: z.literal('compile'), component: z.string() }),
  /** Image and mask are being sent to a server. */
  z.object({ stage: z.literal('upload') }),
  z.object({ stage: z.literal('queue'), position: count }),
  /** A line that the server wrote about the run. */
  z.object({ stage: z.literal('log'), message: z.string() }),
  z.object({ stage: z.literal('encode') }),
  /** `step` counts finished steps, from 0. The receiver owns the preview and closes it. */
  z.object({ stage: z.literal('denoise'), step: count, steps: count, preview: bitmap.optional() }),
  z.object({ stage: z.literal('decode') }),
  /** What is masked is being removed; the fraction that is done, 0 to 1. Runs of this task have no steps. */
  z.object({ stage: z.literal('remove'), fraction: z.number().min(0).max(1) }),
]);
export type Progress = z.infer<typeof progressSchema>;

export interface Call {
  /** Aborting rejects the call with an AbortError within one step; the engine stays usable. */
  signal: AbortSignal;
  onProgress(progress: Progress): void;
}

export interface Engine {
  /**
   * Repaints the white area of the mask.
   * @throws InputError, CheckpointError, DeviceError, NetworkError, or an AbortError after cancellation
   */
  inpaint(request: InpaintRequest, options: LocalOptions, call: Call): Promise<InpaintResult>;
  dispose(): Promise<void>;
}

/**
 * Checks a request from outside.
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

/** Credentials for the hosted API. */
export type HostedAccess =
  | { kind: 'key'; key: string }
  | { kind: 'proxy'; url: string }
  /** Your own server, which speaks the same API (`npm run serve`); `key` if it asks for one. */
  | { kind: 'server'; url: string; key?: string };

/** What the local engine runs on; `auto`: WebGPU if the device has a hardware GPU, else WASM. */
export type ProviderChoice = 'auto' | 'webgpu' | 'wasm';

export const engineStatusSchema = z.object({
  provider: z.enum(['webgpu', 'wasm']),
  precision: precisionSchema,
  /** CPU threads under WASM. */
  threads: count.optional(),
  /** Why it is slower than it could be and what to do about it, in one sentence; absent if nothing is wrong. */
  note: z.string().optional(),
});
/** What an engine runs on, for the line at the top of the page. */
export type EngineStatus = z.infer<typeof engineStatusSchema>;

/** An engine on this device, which can say what it runs on. */
export interface LocalEngine extends Engine {
  /** Calls back with the status as soon as it is known and whenever it changes. @returns a function that unsubscribes */
  onStatus(listener: (status: EngineStatus) => void): () => void;
  readonly models: ModelLibrary;
  /**
   * Does a piece of what the first run of the starter model would wait for; a run that comes meanwhile waits for that
   * piece alone. Absent: it cannot be done beforehand.
   * @returns whether there are further pieces
   * @throws what a run would throw
   */
  warmUp?(): Promise<boolean>;
  /** Closes the open model unless a run needs it. */
  coolDown?(): Promise<void>;
}
