/**
 * What comes over a worker's border, looked at before it is used: types say what the other side means to send, not what a
 * version that is half updated, an extension or a damaged message does send. What cannot be read is nothing that a run
 * breaks by without a word: where it belongs to a run, that run fails with a named error, else it is ignored and logged.
 */
import type { Progress } from './engine';
import { parseLocalOptions, parseRequest } from './engine';
import { type EncodedError, encodeError, InternalError, readError } from './errors';
import type {
  FinishedPicture,
  FromLibrary,
  FromWorker,
  LibraryRequest,
  ToLibrary,
  ToWorker,
} from './protocol';

type Fields = Readonly<Record<string, unknown>>;
/** A message after `init`. */
export type Later<Message> = Exclude<Message, { type: 'init' }>;
/** A message for a run that cannot be read. */
export interface Unreadable {
  type: 'unreadable';
  id: number;
  error: EncodedError;
}

/** @returns undefined for what is no message that belongs to a run */
export function readToWorker(data: unknown): Later<ToWorker> | Unreadable | undefined {
  if (!isFields(data)) return undefined;
  const { type, id } = data;
  switch (type) {
    case 'inpaint': {
      if (!isId(id)) return undefined;
      try {
        return { type, id, request: parseRequest(data.request), options: parseLocalOptions(data.options) };
      } catch (error) {
        return { type: 'unreadable', id, error: encodeError(error) };
      }
    }
    case 'cancel':
    case 'release':
      return isId(id) ? { type, id } : undefined;
    case 'hub':
      return readHub(data);
    case 'judge': {
      if (!isId(id)) return undefined;
      const { name, texts } = data;
      return typeof name === 'string' && isTexts(texts) ? { type, id, name, texts } : unreadable(id, type);
    }
    default:
      return undefined;
  }
}

/** @returns undefined for what is no message that belongs to a run; the failure of the run where it does */
export function readFromWorker(data: unknown): FromWorker | undefined {
  if (!isFields(data)) return undefined;
  const { type, id } = data;
  switch (type) {
    case 'alive':
      return typeof data.lock === 'string' ? { type, lock: data.lock } : undefined;
    case 'status':
      return isStatus(data.status) ? { type, status: data.status } : undefined;
    case 'unavailable':
      return { type, error: readError(data.error) };
    case 'answered':
      if (!isId(id)) return undefined;
      return data.error === undefined ? { type, id } : { type, id, error: readError(data.error) };
    case 'progress':
      return isId(id) && isProgress(data.progress) ? { type, id, progress: data.progress } : undefined;
    case 'result':
      if (!isId(id)) return undefined;
      if (isPicture(data.picture)) return { type, id, picture: data.picture };
      return { type: 'error', id, error: unreadable(id, type).error, dead: false };
    case 'error':
      return isId(id) ? { type, id, error: readError(data.error), dead: data.dead === true } : undefined;
    default:
      return undefined;
  }
}

/** As {@link readToWorker}, of the worker that fetches models. Requests are read by their method. */
export function readToLibrary(data: unknown): Later<ToLibrary> | Unreadable | undefined {
  if (!isFields(data)) return undefined;
  const { type, id, request } = data;
  switch (type) {
    case 'call':
      if (!isId(id)) return undefined;
      return isLibraryRequest(request) ? { type, id, request } : unreadable(id, type);
    case 'cancel':
      return isId(id) ? { type, id } : undefined;
    case 'judged':
      if (!isId(id)) return undefined;
      return data.error === undefined ? { type, id } : { type, id, error: readError(data.error) };
    case 'hub':
      return readHub(data);
    default:
      return undefined;
  }
}

/** As {@link readFromWorker}. What a call is answered with is made by `model/library` and passed on as it is. */
export function readFromLibrary(data: unknown): FromLibrary | undefined {
  if (!isFields(data)) return undefined;
  const { type, id } = data;
  if (type === 'alive') return typeof data.lock === 'string' ? { type, lock: data.lock } : undefined;
  if (!isId(id)) return undefined;
  switch (type) {
    case 'progress':
      return isFields(data.progress) && typeof data.progress.stage === 'string'
        ? (data as unknown as FromLibrary)
        : undefined;
    case 'judge': {
      const { name, texts } = data;
      return typeof name === 'string' && isTexts(texts) ? { type, id, name, texts } : undefined;
    }
    case 'result':
      return 'value' in data ? (data as unknown as FromLibrary) : undefined;
    case 'error':
      return { type, id, error: readError(data.error) };
    default:
      return undefined;
  }
}

/** One line of the log for what was ignored. @param whose e.g. `engine` */
export function logIgnored(whose: string, data: unknown): void {
  const type = isFields(data) && typeof data.type === 'string' ? data.type.slice(0, 40) : typeof data;
  console.warn(`Inlay: a message of the ${whose} cannot be read and is ignored (${type})`);
}

function unreadable(id: number, type: string): Unreadable {
  const error = new InternalError(
    `a message "${type}" between page and worker cannot be read; reload the page`,
  );
  return { type: 'unreadable', id, error: encodeError(error) };
}

function readHub({ hub }: Fields): { type: 'hub'; hub: { url?: string; token?: string } } | undefined {
  if (!isFields(hub)) return undefined;
  const { url, token } = hub;
  if (!isTextOrAbsent(url) || !isTextOrAbsent(token)) return undefined;
  return { type: 'hub', hub: { ...(url !== undefined && { url }), ...(token !== undefined && { token }) } };
}

const isNamed = ({ name, precision }: Fields) =>
  typeof name === 'string' && (precision === 'fp16' || precision === 'fp32');

/** Every method has one: a new one without does not compile. */
const requestChecks: Record<LibraryRequest['method'], (request: Fields) => boolean> = {
  describe: isNamed,
  download: isNamed,
  offerFiles: ({ title, files }) =>
    typeof title === 'string' &&
    files instanceof Map &&
    [...files.values()].every((file) => file instanceof Blob),
  readEmbedding: ({ source }) => typeof source === 'string' || source instanceof Blob,
  list: () => true,
  room: () => true,
  remove: ({ folder }) => typeof folder === 'string',
};

function isLibraryRequest(request: unknown): request is LibraryRequest {
  if (!isFields(request) || typeof request.method !== 'string') return false;
  return (
    Object.hasOwn(requestChecks, request.method) &&
    requestChecks[request.method as LibraryRequest['method']](request)
  );
}

function isStatus(status: unknown): status is Extract<FromWorker, { type: 'status' }>['status'] {
  if (!isFields(status)) return false;
  const { provider, precision, threads, note } = status;
  return (
    (provider === 'webgpu' || provider === 'wasm') &&
    (precision === 'fp16' || precision === 'fp32') &&
    (threads === undefined || isCount(threads)) &&
    isTextOrAbsent(note)
  );
}

function isPicture(picture: unknown): picture is FinishedPicture {
  if (!isFields(picture)) return false;
  const { png, width, height, seed, timings } = picture;
  return (
    png instanceof Blob &&
    [width, height, seed].every(isCount) &&
    isFields(timings) &&
    Object.values(timings).every((ms) => typeof ms === 'number')
  );
}

const progressChecks: Record<Progress['stage'], (progress: Fields) => boolean> = {
  download: isTransfer,
  merge: isTransfer,
  compile: ({ component }) => typeof component === 'string',
  upload: () => true,
  queue: ({ position }) => isCount(position),
  log: ({ message }) => typeof message === 'string',
  encode: () => true,
  denoise: ({ step, steps, preview }) =>
    isCount(step) && isCount(steps) && (preview === undefined || isClosable(preview)),
  decode: () => true,
};

function isProgress(progress: unknown): progress is Progress {
  if (!isFields(progress) || typeof progress.stage !== 'string') return false;
  return (
    Object.hasOwn(progressChecks, progress.stage) &&
    progressChecks[progress.stage as Progress['stage']](progress)
  );
}

function isTransfer({ file, loadedBytes, totalBytes }: Fields): boolean {
  return typeof file === 'string' && isAmount(loadedBytes) && isAmount(totalBytes);
}

/** An ImageBitmap, by what is done with it: Node has no such class. */
function isClosable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}

function isTexts(texts: unknown): texts is ReadonlyMap<string, string> {
  return texts instanceof Map && [...texts].flat().every((text) => typeof text === 'string');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
