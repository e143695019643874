/**
 * Uploads as the storage API takes them, in two steps: the JavaScript client asks for an address and PUTs the file there,
 * the Python client asks for a token and POSTs the file with it.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { FileStore } from './files';
import { createFileId, safeName } from './files';
import { readBody } from './http';
import { Problem, validationProblem } from './problem';

const initiationSchema = z.object({ content_type: z.string(), file_name: z.string() });

interface Expected {
  contentType: string;
  name: string;
  fileId: string;
  /** Whether the file has arrived, or is on its way. */
  isTaken: boolean;
}

/** Addresses and tokens that were asked for are forgotten beyond this number. */
const MAX_EXPECTED = 1000;
/** Fal's own last about as long. */
const TOKEN_MS = 3_600_000;

export interface Uploads {
  /** @throws Problem 422 */
  initiate(
    body: unknown,
    base: string,
    fileUrl: (base: string, id: string, name: string) => string,
  ): { upload_url: string; file_url: string };
  /** A token for {@link take}, in the storage API's words. */
  token(base: string): { token: string; token_type: 'Bearer'; base_url: string; expires_at: string };
  /** Keeps the body of a request that carries a token. @throws Problem 401, 413 */
  take(
    request: IncomingMessage,
    base: string,
    fileUrl: (base: string, id: string, name: string) => string,
  ): Promise<{ access_url: string }>;
  /** @throws Problem 404, 409 where the file has arrived already, 413 */
  receive(token: string, request: IncomingMessage): Promise<void>;
}

/** @param options `maxBytes` of a file; an address that was asked for is good for `keepMs` milliseconds */
export function createUploads(options: { files: FileStore; maxBytes: number; keepMs: number }): Uploads {
  const { files, maxBytes, keepMs } = options;
  const expected = new Map<string, Expected>();
  const tokens = new Set<string>();

  return {
    initiate(body, base, fileUrl) {
      const parsed = initiationSchema.safeParse(body);
      if (!parsed.success) throw validationProblem(parsed.error, body, new Set());
      // Two secrets: who may read the file need not be able to write it.
      const token = randomBytes(16).toString('base64url');
      const fileId = createFileId();
      const name = safeName(parsed.data.file_name);
      const contentType = contentTypeOf(parsed.data.content_type);
      expected.set(token, { contentType, name, fileId, isTaken: false });
      setTimeout(() => expected.delete(token), keepMs).unref();
      const [oldest] = expected.keys();
      if (expected.size > MAX_EXPECTED && oldest !== undefined) expected.delete(oldest);
      return { upload_url: `${base}/uploads/${token}`, file_url: fileUrl(base, fileId, name) };
    },
    token(base) {
      const token = randomBytes(24).toString('base64url');
      tokens.add(token);
      setTimeout(() => tokens.delete(token), TOKEN_MS).unref();
      const [oldest] = tokens;
      if (tokens.size > MAX_EXPECTED && oldest !== undefined) tokens.delete(oldest);
      // Python's `fromisoformat` took no "Z" before 3.11.
      const expires_at = new Date(Date.now() + TOKEN_MS).toISOString().replace('Z', '+00:00');
      return { token, token_type: 'Bearer', base_url: base, expires_at };
    },
    async take(request, base, fileUrl) {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      if (token === undefined || !tokens.has(token)) {
        throw new Problem(401, 'The token is missing or over: ask for one at /storage/auth/token', {
          type: 'unauthorized',
        });
      }
      const named = request.headers['x-fal-file-name'];
      const name = safeName(typeof named === 'string' ? named : 'upload.bin');
      const contentType = contentTypeOf(request.headers['content-type'] ?? '');
      const { id } = await files.put({ name, contentType, bytes: await readBody(request, maxBytes) });
      return { access_url: fileUrl(base, id, name) };
    },
    async receive(token, request) {
      const entry = expected.get(token);
      if (entry === undefined) throw new Problem(404, 'There is no such upload', { type: 'not_found' });
      if (entry.isTaken) {
        throw new Problem(409, 'The file has arrived already', { type: 'conflict' });
      }
      entry.isTaken = true;
      try {
        const bytes = await readBody(request, maxBytes);
        const { fileId: id, name, contentType } = entry;
        await files.put({ id, name, contentType, bytes });
      } catch (error) {
        // What broke off may be sent again.
        entry.isTaken = false;
        throw error;
      }
    },
  };
}

/** Pictures alone are given out as what they claim to be: nothing that a browser would run. */
function contentTypeOf(claimed: string): string {
  return /^image\/(png|jpeg|webp|avif|gif|tiff)$/.test(claimed) ? claimed : 'application/octet-stream';
}
