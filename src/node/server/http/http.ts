/** Reads requests and sends answers over plain node:http. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem } from './problem.ts';

/** Milliseconds without a byte after which reading a body fails. */
const BODY_STALL_MS = 30_000;

export interface BodyLimits {
  /** Larger bodies are refused, before or while they arrive. */
  maxBytes: number;
  /** Called with the size of each part that arrives; if it throws, reading fails with that error. */
  take?: (bytes: number) => void;
  stallMs?: number;
}

/** @throws Problem 413, 408 if nothing more arrives, 400 if the connection broke off */
export function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const { maxBytes, take, stallMs = BODY_STALL_MS } = limits;
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > maxBytes) return reject(tooLarge(maxBytes));
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (): void => {
      clearTimeout(stall);
      request.off('data', onData).off('end', onEnd).off('close', onBreak).off('error', onBreak);
      // Later errors of the connection no longer matter.
      request.on('error', () => {});
    };
    const fail = (error: unknown): void => {
      end();
      request.pause();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      stall.refresh();
      size += chunk.byteLength;
      try {
        if (size > maxBytes) throw tooLarge(maxBytes);
        take?.(chunk.byteLength);
        chunks.push(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = (): void => {
      end();
      resolve(Buffer.concat(chunks, size));
    };
    const onBreak = (): void => fail(new Problem(400, 'The connection broke off', { type: 'bad_request' }));
    const stall = setTimeout(() => {
      const message = `No data arrived for ${stallMs / 1000} s`;
      fail(new Problem(408, message, { type: 'bad_request', headers: { Connection: 'close' } }));
    }, stallMs);
    request.on('data', onData).on('end', onEnd).on('close', onBreak).on('error', onBreak);
    if (request.destroyed) onBreak();
  });
}

function tooLarge(maxBytes: number): Problem {
  const message = `The request is larger than ${Math.floor(maxBytes / 1e6)} MB`;
  // The rest of the body stays unread, so the connection cannot be used again.
  return new Problem(413, message, { type: 'request_too_large', headers: { Connection: 'close' } });
}

/** @throws Problem 422, as the hosted API words it */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    if (body.byteLength === 0) {
      throw new Problem(422, [{ loc: ['body'], msg: 'Field required', type: 'missing' }]);
    }
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    throw new Problem(422, [
      { loc: ['body', Number(at ?? 0)], msg: 'JSON decode error', type: 'json_invalid' },
    ]);
  }
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, 'application/json', JSON.stringify(value));
}

/** Answers with a whole body; does nothing if an answer has begun or the client has left. */
export function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Uint8Array,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}

/** Answers with a problem; if an answer has begun, breaks it off. */
export function sendProblem(response: ServerResponse, { status, detail, more }: Problem): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const [name, value] of Object.entries(more.headers ?? {})) response.setHeader(name, value);
  if (more.type !== undefined) response.setHeader('X-Fal-Error-Type', more.type);
  sendJson(response, status, { detail, ...(more.type !== undefined && { error_type: more.type }) });
}
