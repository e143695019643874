/**
 * The messages between the page and its workers, and the checks that each passes before it is used.
 *
 * The types follow from the checks, so the two cannot differ. Checks are needed because the other side may be another version
 * of the page (an update that is half done) or a browser extension. A message that can't be read fails the call that it
 * belongs to with a named error; if it belongs to none, it is ignored and logged.
 */
import { z } from 'zod';
import {
  engineStatusSchema,
  type ProviderChoice,
  parseLocalOptions,
  parseRequest,
  progressSchema,
} from './engine';
import { type EncodedError, encodeError, InternalError, readError } from './errors';
import {
  type EmbeddingWord,
  fetchProgressSchema,
  hubAccessSchema,
  type KeptAssistant,
  type KeptModel,
  type ModelDetails,
  precisionSchema,
} from './modelLibrary';
import type { InpaintRequest, LocalOptions } from './schema';
import type { SelectorDetails } from './selectors';

/** Of a call, chosen by the page. Its answers carry the same one. */
const id = z.int();
const count = z.int().min(0);
const file = z.custom<File>((value) => value instanceof Blob);
/** Always readable, even if it is absent: see {@link readError}. */
const error = z.unknown().optional().transform(readError);
/** Configurations by their paths within a model. */
const texts = z.map(z.string(), z.string()).readonly();
export type Texts = z.infer<typeof texts>;

const cancel = z.object({ type: z.literal('cancel'), id });
/** From now on models come from this hub. */
const hub = z.object({ type: z.literal('hub'), hub: hubAccessSchema });
/** A worker holds a Web Lock of this name as long as it lives. */
const alive = z.object({ type: z.literal('alive'), lock: z.string() });
export type Alive = z.infer<typeof alive>;
/** Can a model of these configurations run on this device? */
const judge = z.object({ type: z.literal('judge'), id, name: z.string(), texts });

const laterToWorker = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('inpaint'),
    id,
    // Checked by readToWorker: its error names the field.
    request: z.custom<InpaintRequest>(() => true),
    options: z.custom<LocalOptions>(() => true),
  }),
  cancel,
  hub,
  /** Closes the open model unless a run needs it; answered by `answered`. */
  z.object({ type: z.literal('release'), id }),
  /** Does a piece of what the first run of the starter model would wait for; answered by `warmed`. */
  z.object({ type: z.literal('warmUp'), id }),
  /** Answered by `answered`. */
  judge,
  /** How fast is this device? Answered by `measured`, or by `answered` with an error. */
  z.object({ type: z.literal('measure'), id }),
]);
/** What the page sends to the worker that runs the local engine. */
export type ToWorker =
  /** The first message. `baseUrl` is the page's own URL; the starter model is stored relative to it. */
  | { type: 'init'; baseUrl: string; provider: ProviderChoice; hubUrl?: string | undefined }
  | z.infer<typeof laterToWorker>;

const finishedPicture = z.object({
  png: z.instanceof(Blob),
  width: count,
  height: count,
  seed: count,
  timings: z.record(z.string(), z.number()),
});
/** A result before it has a URL: object URLs belong to the page, not to the worker. */
export type FinishedPicture = z.infer<typeof finishedPicture>;

const fromWorker = z.discriminatedUnion('type', [
  alive,
  z.object({ type: z.literal('status'), status: engineStatusSchema }),
  /** Nothing can run on this device; the next request tries again. */
  z.object({ type: z.literal('unavailable'), error }),
  z.object({ type: z.literal('answered'), id, error: error.optional() }),
  /** Floating point operations per second; null if a run is at work. */
  z.object({ type: z.literal('measured'), id, speed: z.number().positive().nullable() }),
  /** `more`: there are further pieces. */
  z.object({ type: z.literal('warmed'), id, more: z.boolean() }),
  z.object({ type: z.literal('progress'), id, progress: progressSchema }),
  z.object({ type: z.literal('result'), id, picture: finishedPicture }),
  /** `dead`: this worker can't run anything more (its device is lost); the next call needs a new one. */
  z.object({ type: z.literal('error'), id, error, dead: z.boolean().catch(false) }),
]);
export type FromWorker = z.infer<typeof fromWorker>;

const named = { name: z.string(), precision: precisionSchema };
const libraryRequest = z.discriminatedUnion('method', [
  z.object({ method: z.literal('describe'), ...named }),
  z.object({ method: z.literal('download'), ...named }),
  z.object({ method: z.literal('offerFiles'), title: z.string(), files: z.map(z.string(), file).readonly() }),
  z.object({ method: z.literal('readEmbedding'), source: z.union([z.string(), file]) }),
  z.object({ method: z.literal('describeSelector'), selector: z.string() }),
  z.object({ method: z.literal('downloadSelector'), selector: z.string() }),
  z.object({ method: z.literal('list') }),
  z.object({ method: z.literal('assistants') }),
  z.object({ method: z.literal('room') }),
  z.object({ method: z.literal('remove'), folder: z.string() }),
]);
/** What the page asks the worker that downloads and stores models. */
export type LibraryRequest = z.infer<typeof libraryRequest>;

/** The answer to each request. */
export interface LibraryValues {
  describe: ModelDetails;
  download: null;
  offerFiles: string;
  readEmbedding: EmbeddingWord;
  describeSelector: SelectorDetails;
  downloadSelector: null;
  list: KeptModel[];
  assistants: KeptAssistant[];
  /** Bytes that can still be stored; null if the browser does not say. */
  room: number | null;
  remove: null;
}
type LibraryValue = LibraryValues[LibraryRequest['method']];

const laterToLibrary = z.discriminatedUnion('type', [
  hub,
  z.object({ type: z.literal('call'), id, request: libraryRequest }),
  cancel,
  /** The engine's answer to `judge`. */
  z.object({ type: z.literal('judged'), id, error: error.optional() }),
]);
export type ToLibrary =
  /** The first message. */
  { type: 'init'; baseUrl: string } | z.infer<typeof laterToLibrary>;

const fromLibrary = z.discriminatedUnion('type', [
  alive,
  z.object({ type: z.literal('progress'), id, progress: fetchProgressSchema }),
  /** Sent during a download, before the first byte of weights. */
  judge,
  // Made by model/library and used as it is.
  z.object({ type: z.literal('result'), id, value: z.custom<LibraryValue>((value) => value !== undefined) }),
  z.object({ type: z.literal('error'), id, error }),
]);
export type FromLibrary = z.infer<typeof fromLibrary>;

/** A message after `init`. */
export type Later<Message> = Exclude<Message, { type: 'init' }>;
/** A message that can't be read, and the call that it belongs to. */
export interface Unreadable {
  type: 'unreadable';
  id: number;
  error: EncodedError;
}

/** @returns undefined if the message can't be read and belongs to no call */
export function readToWorker(data: unknown): Later<ToWorker> | Unreadable | undefined {
  const message = read(laterToWorker, data);
  if (message === undefined) return unreadable(data, ['inpaint', 'judge']);
  if (message.type !== 'inpaint') return message;
  try {
    const { request, options } = message;
    return { ...message, request: parseRequest(request), options: parseLocalOptions(options) };
  } catch (cause) {
    return { type: 'unreadable', id: message.id, error: encodeError(cause) };
  }
}

/** @returns undefined if the message can't be read and belongs to no run; an `error` message if it is a run's result */
export function readFromWorker(data: unknown): FromWorker | undefined {
  const message = read(fromWorker, data);
  if (message !== undefined) return message;
  const failed = unreadable(data, ['result']);
  return failed && { ...failed, type: 'error', dead: false };
}

/** @returns undefined if the message can't be read and belongs to no call */
export function readToLibrary(data: unknown): Later<ToLibrary> | Unreadable | undefined {
  return read(laterToLibrary, data) ?? unreadable(data, ['call']);
}

/** @returns undefined if the message can't be read */
export function readFromLibrary(data: unknown): FromLibrary | undefined {
  return read(fromLibrary, data);
}

/** Logs a message that was ignored. @param sender e.g. `engine` */
export function logIgnored(sender: string, data: unknown): void {
  const type = read(z.object({ type: z.string() }), data)?.type.slice(0, 40) ?? typeof data;
  console.warn(`Inlay: ignored an unreadable message from the ${sender} (${type})`);
}

function read<Schema extends z.ZodType>(schema: Schema, data: unknown): z.output<Schema> | undefined {
  const parsed = schema.safeParse(data);
  return parsed.success ? parsed.data : undefined;
}

/** @param types of the messages whose sender or receiver waits for a call to end */
function unreadable(data: unknown, types: readonly string[]): Unreadable | undefined {
  const call = read(z.object({ type: z.enum(types), id }), data);
  if (call === undefined) return undefined;
  const cause = new InternalError(
    `the page and its worker exchanged an unreadable message ("${call.type}"); reload the page`,
  );
  return { type: 'unreadable', id: call.id, error: encodeError(cause) };
}
