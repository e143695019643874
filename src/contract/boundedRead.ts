/**
 * Reads from URLs with a limit on everything: a signal, the time without a byte, the pace, the size. A server that stalls,
 * drips or sends endlessly can't take more time or memory than these limits.
 */
import { InputError, messageOf, NetworkError } from './errors';
import { STALL_MS } from './limits';

/**
 * The slowest average pace that counts as an answer: a byte now and then never stalls, but would keep a caller waiting for
 * ever. A weak mobile connection is several times as fast. At this pace 16 MB take half an hour.
 */
export const LOWEST_BYTES_PER_SECOND = 8_192;

export interface ReadLimits {
  /** The largest accepted body, in bytes as they arrive here (after any content coding). */
  maxBytes: number;
  signal?: AbortSignal | undefined;
  /** Milliseconds without a byte after which the read is given up; {@link STALL_MS} if absent. */
  stallMs?: number | undefined;
  /** What is read, for messages: `model "a/b": unet/config.json`. */
  what: string;
  /** @param totalBytes 0 if the server does not say */
  onProgress?: ((loadedBytes: number, totalBytes: number) => void) | undefined;
}

export interface FetchLimits extends ReadLimits {
  fetch?: typeof globalThis.fetch | undefined;
  init?: RequestInit | undefined;
}

/** A read that failed. Leaves a worker as a NetworkError. */
export class ReadError extends NetworkError {
  /** @param reason in a few words, for callers that write a longer message around it */
  constructor(
    what: string,
    readonly reason: string,
    advice: string,
  ) {
    super(`${what}: ${reason}; ${advice}`);
  }
}

/** The response is longer than the limit. */
export class TooLongError extends ReadError {}

/** The server sent nothing, or almost nothing, for too long. */
export class SilenceError extends ReadError {}

/**
 * Reads a body to its end.
 * @throws TooLongError before the first byte if the server declares more than `maxBytes`, else as soon as more arrives;
 *   NetworkError if it stalls, is too slow, breaks off or ends before its declared length; the signal's reason on abort
 */
export async function boundedBody(
  response: Response,
  { maxBytes, signal, stallMs = STALL_MS, what, onProgress }: ReadLimits,
): Promise<Uint8Array<ArrayBuffer>> {
  const { body } = response;
  if (body === null) return new Uint8Array(0);
  const total = declaredLength(response);
  const reader = body.getReader();
  try {
    signal?.throwIfAborted();
    if (total > maxBytes) throw tooLong(what, `the server declares ${inWords(total)}`, maxBytes);
    // Zeroed pages cost nothing until they are written, so a false declaration takes no memory.
    let bytes = roomFor(total > 0 ? total : Math.min(maxBytes, 1 << 16), what);
    let loaded = 0;
    const start = performance.now();
    for (;;) {
      const pace = start + stallMs + (loaded / LOWEST_BYTES_PER_SECOND) * 1000 - performance.now();
      const chunk = await inTime(reader.read(), Math.min(stallMs, pace), signal, () =>
        pace < stallMs
          ? `only ${inWords(loaded)} arrived in ${seconds(performance.now() - start)}`
          : `no byte arrived for ${seconds(stallMs)}`,
      ).catch((error: unknown) => {
        signal?.throwIfAborted();
        const advice = 'try again, or from another network';
        if (error instanceof Silence) throw new SilenceError(what, error.message, advice);
        throw new ReadError(what, `it broke off (${messageOf(error)})`, advice);
      });
      if (chunk.done) break;
      const end = loaded + chunk.value.byteLength;
      if (end > maxBytes) throw tooLong(what, `more than ${inWords(maxBytes)} arrived`, maxBytes);
      if (end > bytes.byteLength) {
        const grown = roomFor(Math.min(maxBytes, Math.max(bytes.byteLength * 2, end)), what);
        grown.set(bytes.subarray(0, loaded));
        bytes = grown;
      }
      bytes.set(chunk.value, loaded);
      loaded = end;
      onProgress?.(loaded, total);
    }
    if (total > 0 && loaded !== total) {
      const reason = `it broke off (${loaded} of ${total} bytes arrived)`;
      throw new ReadError(what, reason, 'try again, or from another network');
    }
    return loaded === bytes.byteLength ? bytes : bytes.slice(0, loaded);
  } finally {
    // An unread body would keep the connection open. Not awaited: a server may not agree.
    void reader.cancel().catch(() => {});
  }
}

/**
 * Fetches a URL and reads the body. The silence before the response, redirects included, has the same limit as within it.
 * @returns the response and its body; unless it is a success (`response.ok`), the body is dropped and `bytes` is empty
 * @throws as {@link boundedBody}; NetworkError if nothing answers; InputError of a `fetch` that refuses the URL
 */
export async function fetchBounded(
  address: string,
  { fetch = globalThis.fetch, init, ...limits }: FetchLimits,
): Promise<{ response: Response; bytes: Uint8Array<ArrayBuffer> }> {
  const response = await askBounded(address, { fetch, init, ...limits });
  // In browsers the response to HEAD has an empty body, but the length of the file.
  const isHead = init?.method === 'HEAD';
  if (response.ok && !isHead) return { response, bytes: await boundedBody(response, limits) };
  void response.body?.cancel().catch(() => {});
  return { response, bytes: new Uint8Array(0) };
}

/**
 * Fetches a URL up to the headers; the caller reads the body (with {@link boundedBody}) or cancels it.
 * @throws as {@link fetchBounded}
 */
export async function askBounded(
  address: string,
  {
    fetch = globalThis.fetch,
    init,
    signal,
    stallMs = STALL_MS,
    what,
  }: Omit<FetchLimits, 'maxBytes' | 'onProgress'>,
): Promise<Response> {
  signal?.throwIfAborted();
  const dead = new AbortController();
  const answer = fetch(address, { ...init, signal: dead.signal });
  try {
    return await inTime(answer, stallMs, signal, () => `no answer for ${seconds(stallMs)}`);
  } catch (error) {
    dead.abort();
    // The response may still arrive, from a fetch that ignores its signal.
    void answer.then(({ body }) => body?.cancel()).catch(() => {});
    signal?.throwIfAborted();
    // The fetch of Inlay's server refuses URLs: trying again would not help.
    if (error instanceof InputError) throw error;
    const advice = 'check the URL and your connection';
    if (error instanceof Silence) throw new SilenceError(what, error.message, advice);
    throw new ReadError(what, `it could not be fetched (${messageOf(error)})`, advice);
  }
}

/** @returns the length of the body in bytes; 0 if the server does not say */
export function declaredLength({ headers }: Response): number {
  // With a content coding the header counts compressed bytes, not what arrives here.
  if (headers.get('content-encoding') !== null) return 0;
  const length = Number(headers.get('content-length') ?? 0);
  return Number.isNaN(length) ? 0 : length;
}

/** Nothing arrived for too long. Becomes a {@link SilenceError}, which names what was read. */
class Silence extends Error {}

/** Waits for one step of a connection, at most `ms` and not beyond an abort. */
function inTime<Value>(
  step: Promise<Value>,
  ms: number,
  signal: AbortSignal | undefined,
  silence: () => string,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal?.reason);
    const timer = setTimeout(() => reject(new Silence(silence())), ms);
    signal?.addEventListener('abort', stop, { once: true });
    step.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    });
    if (signal?.aborted) stop();
  });
}

function roomFor(bytes: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch {
    const reason = `there is not enough memory for ${inWords(bytes)}`;
    throw new TooLongError(what, reason, 'close other programs and try again');
  }
}

function tooLong(what: string, found: string, maxBytes: number): TooLongError {
  const reason = `${found}, and the limit is ${inWords(maxBytes)}`;
  return new TooLongError(what, reason, 'check the URL');
}

function inWords(bytes: number): string {
  if (bytes < 1e3) return `${bytes} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1e3 ** power).toPrecision(3))} ${units[power - 1]}`;
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toPrecision(2))} s`;
}
