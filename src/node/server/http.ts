/** Reading requests and writing answers over plain node:http. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem } from './problem.ts';

/**
 * @param maxBytes larger bodies are refused before or while they arrive
 * @throws Problem 413, or 400 where the connection broke off
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(400, 'The request broke off', { type: 'bad_request' });
  }
  return Buffer.concat(chunks, size);
}

function tooLarge(maxBytes: number): Problem {
  const message = `The request is larger than ${Math.floor(maxBytes / 1e6)} MB`;
  // What is still on its way is not read, so the connection cannot be used again.
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

/** Answers with a whole body; without effect where an answer has begun or the client has left. */
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

/** Answers with a problem; where an answer has begun, breaks it off. */
export function sendProblem(response: ServerResponse, { status, detail, more }: Problem): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const [name, value] of Object.entries(more.headers ?? {})) response.setHeader(name, value);
  if (more.type !== undefined) response.setHeader('X-Fal-Error-Type', more.type);
  sendJson(response, status, { detail, ...(more.type !== undefined && { error_type: more.type }) });
}
