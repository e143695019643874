/**
 * The bytes of one file from a given one on, over a network that breaks, stalls, asks to wait, and with URLs that expire. An
 * error that asking again cannot fix says so.
 */
import { LOWEST_BYTES_PER_SECOND } from '../../contract/boundedRead';
import { CheckpointError, InputError, messageOf, NetworkError } from '../../contract/errors';
import { STALL_MS } from '../../contract/limits';
import { streamOf } from './blobPieces';

/** A file before any of it is fetched. */
export interface RemoteFile {
  /** Within its model, e.g. `unet/config.json`. */
  path: string;
  /** Bytes. */
  size: number;
  /** Its location: a URL that stays the same, or a file that the user picked. */
  at: { url: string } | { blob: Blob };
  /** Identifies the version if nothing below does. */
  version?: string | undefined;
  /** Hex, if the server gives it. */
  sha256?: string | undefined;
  /** Hex: git's SHA-1 of the blob, if the server gives that instead. */
  gitOid?: string | undefined;
}

export interface Connection {
  signal: AbortSignal;
  /** Sent to the hub's own origin and to no other. */
  token?: string | undefined;
  /** Origin of the hub; errors and the token depend on it. */
  hubOrigin: string;
  fetch: typeof fetch;
  /** Resolves after that time; rejects when the signal aborts. Tests pass one that does not wait. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** If no byte arrives for this long, the connection is dead. */
  stallMs: number;
}

/** Whether the browser reports that there is no network; Node reports nothing. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}

export function offline(host: string): NetworkError {
  return new NetworkError(
    `this device is offline: ${host} is out of reach. The starter and models that are kept work without a network; ` +
      'what has arrived of a download is kept, and it resumes once there is a network',
  );
}

/** The file has changed since its beginning was fetched. */
export class FileChangedError extends CheckpointError {}

/** Consecutive failures without a byte between them after which the download gives up. */
const MAX_FAILURES = 7;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/**
 * Bytes that have to arrive between two failures for the first to be forgotten: otherwise a server that sends a byte at a
 * time would never end.
 */
const MIN_PROGRESS_BYTES = 65_536;

/** How servers are asked; tests pass shorter waits, or answers of their own. */
export type Manners = Partial<Pick<Connection, 'fetch' | 'wait' | 'stallMs'>>;

/** @param hubUrl the token is sent only to its origin */
export function connect(
  hubUrl: string,
  signal: AbortSignal,
  given: Manners & { token?: string | undefined } = {},
): Connection {
  return {
    signal,
    hubOrigin: new URL(hubUrl).origin,
    token: given.token,
    fetch: given.fetch ?? ((input, init) => fetch(input, init)),
    wait: given.wait ?? pause,
    stallMs: given.stallMs ?? STALL_MS,
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** Identifies a version of a file; stored with what has been fetched. */
export type Validator = { value?: string | undefined };

export interface Range {
  start: number;
  /** Exclusive. */
  end: number;
}

/** A failure that may disappear if tried again. */
class Interruption extends Error {
  constructor(
    message: string,
    readonly waitMs?: number,
  ) {
    super(message);
  }
}

/**
 * Yields the bytes of the range in order, each once, retrying as often as needed.
 * @param validator empty at first; filled in by the first answer and compared with every later one
 * @throws FileChangedError if an answer belongs to another version of the file
 * @throws InputError (`hub_token`) if the hub wants a token, or refuses the one it got
 * @throws CheckpointError if the file is gone, NetworkError if trying again did not help
 */
export async function* download(
  file: RemoteFile,
  connection: Connection,
  range: Range,
  validator: Validator = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (range.start >= range.end) return;
  let position = range.start;
  let failures = 0;
  let failedAt = position;
  while (position < range.end) {
    try {
      for await (const chunk of attempt(file, connection, { start: position, end: range.end }, validator)) {
        position += chunk.byteLength;
        if (position - failedAt >= MIN_PROGRESS_BYTES) failures = 0;
        yield chunk;
      }
    } catch (error) {
      connection.signal.throwIfAborted();
      if (!(error instanceof Interruption)) throw error;
      if (isOffline() && 'url' in file.at) throw offline(new URL(file.at.url).host);
      failures++;
      failedAt = position;
      if (failures >= MAX_FAILURES) {
        throw new NetworkError(
          `${file.path}: ${error.message}, ${failures} times in a row; what has arrived is kept: ` +
            'check your connection and try again to resume from there',
        );
      }
      const patience = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
      await connection.wait(error.waitMs ?? patience, connection.signal);
    }
  }
}

/** One request and its response. */
async function* attempt(
  file: RemoteFile,
  connection: Connection,
  range: Range,
  validator: Validator,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { signal } = connection;
  signal.throwIfAborted();
  if ('blob' in file.at) {
    yield* localChunks(file, file.at.blob, range, connection);
    return;
  }
  const dead = new AbortController();
  const stop = () => dead.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const response = await request(file, file.at.url, connection, range, dead);
    const from = checkAnswer(file, response, range, connection);
    checkValidator(file, response, validator);
    if (response.body === null) throw new Interruption('the answer had no body');
    yield* chunksOf(
      file,
      response.body,
      { start: from, end: range.end },
      connection,
      () => dead.abort(),
      range.start,
    );
  } finally {
    signal.removeEventListener('abort', stop);
    dead.abort();
  }
}

/** A file that was changed, moved or deleted after it was picked can no longer be read: asking again does not help. */
async function* localChunks(
  file: RemoteFile,
  blob: Blob,
  range: Range,
  connection: Connection,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    yield* chunksOf(file, streamOf(blob.slice(range.start, range.end)), range, connection, () => {});
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
    throw new CheckpointError(
      `${file.path}: the file can no longer be read (${error.message}); open it again`,
    );
  }
}

async function request(
  file: RemoteFile,
  url: string,
  connection: Connection,
  range: Range,
  dead: AbortController,
): Promise<Response> {
  const headers: Record<string, string> = {};
  const isWhole = range.start === 0 && range.end === file.size;
  if (!isWhole) headers.Range = `bytes=${range.start}-${range.end === file.size ? '' : range.end - 1}`;
  const isHub = new URL(url).origin === connection.hubOrigin;
  // Browsers drop this header when a redirect leaves the origin (Fetch standard, HTTP-redirect fetch, step 13).
  if (isHub && connection.token !== undefined) headers.Authorization = `Bearer ${connection.token}`;
  const timer = setTimeout(() => dead.abort(), connection.stallMs);
  try {
    return await connection.fetch(url, { headers, signal: dead.signal, cache: 'no-store' });
  } catch (error) {
    // A server's own fetch refuses URLs: asking again would not help.
    if (error instanceof InputError) throw error;
    throw new Interruption(
      dead.signal.aborted ? 'the server did not answer' : `no connection (${messageOf(error)})`,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** @returns the position in the file of the answer's first byte */
function checkAnswer(file: RemoteFile, response: Response, range: Range, connection: Connection): number {
  const { status } = response;
  const answeredByHub = new URL(response.url || connection.hubOrigin).origin === connection.hubOrigin;
  if (status === 206) {
    const [, first, total] =
      /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '') ?? [];
    if (total !== undefined && Number(total) !== file.size) throw changed(file, `${total} bytes long`);
    const from = first === undefined ? range.start : Number(first);
    if (from > range.start) throw new Interruption('the server sent another part than was asked for');
    return from;
  }
  if (status === 200) {
    if (response.headers.get('Content-Type')?.startsWith('text/html')) {
      throw new CheckpointError(
        `${file.path}: the server sent a web page instead of the file; check the URL`,
      );
    }
    const length =
      response.headers.get('Content-Encoding') === null && response.headers.get('Content-Length');
    if (length && Number(length) !== file.size) throw changed(file, `${length} bytes long`);
    return 0;
  }
  if (status === 416) throw changed(file, 'shorter');
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    throw new Interruption(`the server answered ${status}`, retryAfter(response));
  }
  // A signed URL on another host has expired: the next request gets a new one.
  if (response.redirected && !answeredByHub) throw new Interruption(`the address had expired (${status})`, 0);
  if (status === 401 || status === 403) throw refused(file, response, connection, answeredByHub);
  throw new CheckpointError(
    `${file.path}: the server answered ${status}: the file is no longer there; choose the model again`,
  );
}

function refused(
  file: RemoteFile,
  response: Response,
  connection: Connection,
  answeredByHub: boolean,
): Error {
  if (!answeredByHub)
    return new NetworkError(`${file.path}: the server refused it with ${response.status}; try again later`);
  const isGated = response.headers.get('X-Error-Code') === 'GatedRepo';
  const what = isGated ? 'the model is gated' : `the hub refused it with ${response.status}`;
  return new InputError(
    'hub_token',
    connection.token === undefined
      ? `${file.path}: ${what}; accept its terms on its Hugging Face page, then enter an access token from your account`
      : `${file.path}: ${what} and this token does not open it; accept the terms on its page, or enter another token`,
  );
}

/** Seconds or a date. @returns milliseconds, at most the longest pause; undefined if the header is absent */
function retryAfter(response: Response): number | undefined {
  const header = response.headers.get('Retry-After');
  if (header === null) return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_PAUSE_MS, Math.max(0, ms));
}

function checkValidator(file: RemoteFile, response: Response, validator: Validator): void {
  const value = response.headers.get('ETag') ?? response.headers.get('Last-Modified') ?? undefined;
  if (value === undefined) return;
  if (validator.value !== undefined && validator.value !== value) throw changed(file, 'another version');
  validator.value = value;
}

function changed(file: RemoteFile, how: string): FileChangedError {
  return new FileChangedError(
    `${file.path}: the file on the server is now ${how}: it was changed meanwhile; download the model again`,
  );
}

/**
 * Reads a body to the end of the range.
 * @param wanted position from which bytes count: a server may send the file from its beginning instead
 */
async function* chunksOf(
  file: RemoteFile,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  { start, end }: Range,
  { stallMs }: Connection,
  kill: () => void,
  wanted = start,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  let position = start;
  // What the caller does with the chunks is not the server's fault.
  let waitedMs = 0;
  try {
    while (position < end) {
      const paceMs = stallMs + ((position - start) / LOWEST_BYTES_PER_SECOND) * 1000 - waitedMs;
      const before = performance.now();
      const { done, value } = await readInTime(reader, stallMs, paceMs, kill);
      waitedMs += performance.now() - before;
      if (done) throw new Interruption(`the connection broke off at byte ${position} of ${file.size}`);
      const from = Math.max(0, wanted - position);
      const to = Math.min(value.byteLength, end - position);
      position += value.byteLength;
      if (from < to) yield value.subarray(from, to);
    }
  } finally {
    // An unfinished body would hold the connection.
    void reader.cancel().catch(() => {});
  }
}

async function readInTime(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  stallMs: number,
  paceMs: number,
  kill: () => void,
): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    const text = paceMs < stallMs ? 'the server all but stopped' : `no byte came for ${stallMs / 1000} s`;
    timer = setTimeout(
      () => {
        reject(new Interruption(text));
        kill();
      },
      Math.min(stallMs, paceMs),
    );
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } catch (error) {
    if (error instanceof Interruption) throw error;
    throw new Interruption(`the connection broke off (${messageOf(error)})`);
  } finally {
    clearTimeout(timer);
  }
}

/** Joins pieces. @param length their total bytes */
export async function collect(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
