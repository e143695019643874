/** Sends a file or a range of it, with the requested faults. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { faultOf, type Struck } from './faults';
import type { HubFile } from './files';

/** The headers that the Hub lets scripts from other origins read. */
const EXPOSED =
  'X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,' +
  'X-Linked-Size,X-Linked-ETag,X-Xet-Hash';

/** Answers a preflight. @returns whether the request is dealt with */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*');
  response.setHeader('Vary', 'Origin');
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  if (request.method !== 'OPTIONS') return false;
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, OPTIONS');
  response.setHeader(
    'Access-Control-Allow-Headers',
    request.headers['access-control-request-headers'] ?? 'Range',
  );
  response.writeHead(204).end();
  return true;
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(value));
}

export function sendError(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'X-Error-Message': message,
    ...headers,
  });
  response.end(JSON.stringify({ error: message }));
}

export function redirect(
  response: ServerResponse,
  status: 302 | 307,
  location: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { Location: location, 'Content-Type': 'text/plain', ...headers });
  response.end(`Redirecting to ${location}`);
}

/** @returns start and end (exclusive), or `undefined` where the range cannot be satisfied */
function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null) return { start: 0, end: size };
  const [, first, last] = match;
  if (first === '') return { start: Math.max(0, size - Number(last)), end: size };
  const start = Number(first);
  const end = last === '' ? size : Math.min(size, Number(last) + 1);
  return start < size && start < end ? { start, end } : undefined;
}

export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: HubFile,
  faults: readonly Struck[],
  headers: Record<string, string> = {},
): Promise<void> {
  const changed = faultOf(faults, 'change') !== undefined;
  const ignoreRange = faultOf(faults, 'ignore-range') !== undefined;
  const asked = ignoreRange ? undefined : request.headers.range;
  const range = rangeOf(asked, file.size);
  if (range === undefined) {
    response.writeHead(416, { 'Content-Range': `bytes */${file.size}` }).end();
    return;
  }
  const oid = await file.oid();
  response.writeHead(asked === undefined ? 200 : 206, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': range.end - range.start,
    ETag: `"${changed ? `${oid}-changed` : oid}"`,
    ...(ignoreRange ? {} : { 'Accept-Ranges': 'bytes' }),
    ...(asked === undefined ? {} : { 'Content-Range': `bytes ${range.start}-${range.end - 1}/${file.size}` }),
    ...headers,
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  await sendBytes(response, file, range, faults, changed);
}

async function sendBytes(
  response: ServerResponse,
  file: HubFile,
  { start, end }: { start: number; end: number },
  faults: readonly Struck[],
  changed: boolean,
): Promise<void> {
  const cut = faultOf(faults, 'cut');
  const stall = faultOf(faults, 'stall');
  const slow = faultOf(faults, 'slow');
  const wrongFrom = changed ? 0 : (faultOf(faults, 'corrupt')?.atByte ?? Number.POSITIVE_INFINITY);
  const stop = Math.max(start, Math.min(end, cut?.atByte ?? end, stall?.atByte ?? end));
  let position = start;
  const pieces = file.read(start, stop);
  for await (const piece of slow === undefined ? pieces : inPieces(pieces, SLOW_PIECE_BYTES)) {
    if (response.destroyed) return;
    const sent = position + piece.byteLength > wrongFrom ? spoil(piece, wrongFrom - position) : piece;
    position += piece.byteLength;
    if (!response.write(sent)) await drained(response);
    if (slow !== undefined) {
      const { bytesPerSecond, cleared: signal } = slow;
      await wait((piece.byteLength / bytesPerSecond) * 1000, undefined, { signal }).catch(() => {});
    }
  }
  if (stop === end) {
    response.end();
  } else if (cut !== undefined && stop === Math.max(start, cut.atByte)) {
    // Closes after what was written has left.
    response.socket?.end();
  } else if (stall !== undefined) {
    response.flushHeaders();
    await cleared(stall.cleared, response);
    if (!response.destroyed) await sendBytes(response, file, { start: stop, end }, [], changed);
  }
}

/** Waits until the fault is over, or nobody listens any more. */
async function cleared(signal: AbortSignal, response: ServerResponse): Promise<void> {
  if (signal.aborted || response.destroyed) return;
  await new Promise<unknown>((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
    response.once('close', resolve);
  });
}

async function drained(response: ServerResponse): Promise<void> {
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  settled.abort();
}

/** So small that a slow answer also flows within a small file. */
const SLOW_PIECE_BYTES = 16_384;

async function* inPieces(pieces: AsyncIterable<Uint8Array>, bytes: number): AsyncIterable<Uint8Array> {
  for await (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; at += bytes) yield piece.subarray(at, at + bytes);
  }
}

function spoil(piece: Uint8Array, from: number): Uint8Array {
  const wrong = piece.slice();
  for (let i = Math.max(0, from); i < wrong.byteLength; i++) wrong[i] = (wrong[i] as number) ^ 0x11;
  return wrong;
}
