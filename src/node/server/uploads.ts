/**
 * Uploads as the storage API takes them, in two steps: the JavaScript client asks for an address and PUTs the file there,
 * the Python client asks for a token and POSTs the file with it.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { FileStore } from './files';
import { createFileId, safeName } from './files';
import { readBody } from './http/http';
import { clientOf, type Intake } from './http/intake';
import { Problem, validationProblem } from './http/problem';
import { Remembered } from './remembered';

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

export interface UploadsOptions {
  files: FileStore;
  /** Of one file. */
  maxBytes: number;
  /** How long an address that was asked for is good, in milliseconds. */
  keepMs: number;
  /** What all of them hold while they are on their way. */
  intake: Intake;
  /** See clientOf. */
  isBehindProxy: boolean;
}

export function createUploads(options: UploadsOptions): Uploads {
  const { files, maxBytes, keepMs, intake, isBehindProxy } = options;
  const expected = new Remembered<Expected>({ most: MAX_EXPECTED, ms: keepMs });
  const tokens = new Remembered<true>({ most: MAX_EXPECTED, ms: TOKEN_MS });

  /** Reads a file and puts it away; until then it counts among what is on its way. */
  async function keep(request: IncomingMessage, file: { id?: string; name: string; contentType: string }) {
    const holding = intake.hold(clientOf(request, isBehindProxy));
    try {
      const bytes = await readBody(request, { maxBytes, take: holding.take });
      return await files.put({ ...file, bytes });
    } finally {
      holding.release();
    }
  }

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
      return { upload_url: `${base}/uploads/${token}`, file_url: fileUrl(base, fileId, name) };
    },
    token(base) {
      const token = randomBytes(24).toString('base64url');
      tokens.set(token, true);
      // Python's `fromisoformat` took no "Z" before 3.11.
      const expires_at = new Date(Date.now() + TOKEN_MS).toISOString().replace('Z', '+00:00');
      return { token, token_type: 'Bearer', base_url: base, expires_at };
    },
    async take(request, base, fileUrl) {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      if (token === undefined || tokens.get(token) === undefined) {
        throw new Problem(401, 'The token is missing or over: ask for one at /storage/auth/token', {
          type: 'unauthorized',
        });
      }
      const named = request.headers['x-fal-file-name'];
      const name = safeName(typeof named === 'string' ? named : 'upload.bin');
      const contentType = contentTypeOf(request.headers['content-type'] ?? '');
      const { id } = await keep(request, { name, contentType });
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
        const { fileId: id, name, contentType } = entry;
        await keep(request, { id, name, contentType });
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
