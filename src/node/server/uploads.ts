/**
 * Uploads as the storage API takes them, in two steps: the JavaScript client asks for a URL and PUTs the file there, the
 * Python client asks for a token and POSTs the file with it.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Remembered } from './boundedMap';
import type { FileStore } from './files';
import { createFileId, safeName } from './files';
import type { Intake } from './http/byteBudget';
import { readBody } from './http/http';
import { Problem, validationProblem } from './http/problem';

const startSchema = z.object({ content_type: z.string(), file_name: z.string() });

interface Expected {
  contentType: string;
  name: string;
  fileId: string;
  /** Whether the file has arrived or is arriving. */
  isTaken: boolean;
}

/** Beyond this number the oldest URLs and tokens are forgotten. */
const MAX_EXPECTED = 1000;
/** About as long as fal's own tokens last. */
const TOKEN_MS = 3_600_000;

export interface Uploads {
  /** @throws Problem 422 */
  start(body: unknown, base: string): { upload_url: string; file_url: string };
  /** Takes the file for a URL of `start`. @throws Problem 404, 409 if the file has arrived before, 413 */
  receive(token: string, request: IncomingMessage): Promise<void>;
  /** A token for `receiveWithToken`, in the storage API's words. */
  token(base: string): { token: string; token_type: 'Bearer'; base_url: string; expires_at: string };
  /** Takes the file of a request that carries a token. @throws Problem 401, 413 */
  receiveWithToken(request: IncomingMessage, base: string): Promise<{ access_url: string }>;
}

export interface UploadsOptions {
  files: FileStore;
  /** Of one file. */
  maxBytes: number;
  /** How long a URL of `start` is valid, in milliseconds. */
  keepMs: number;
  /** Counts arriving files. */
  intake: Intake;
  clientOf(request: IncomingMessage): string;
}

/** The URL that a stored file has for clients that know the server as `base`. */
export function fileUrl(base: string, id: string, name: string): string {
  return `${base}/files/${id}/${name}`;
}

export function createUploads({ files, maxBytes, keepMs, intake, clientOf }: UploadsOptions): Uploads {
  const expected = new Remembered<Expected>({ most: MAX_EXPECTED, ms: keepMs });
  const tokens = new Remembered<true>({ most: MAX_EXPECTED, ms: TOKEN_MS });

  /** Reads a file and stores it; until then it counts as arriving. */
  async function keep(request: IncomingMessage, file: { id?: string; name: string; contentType: string }) {
    const holding = intake.hold(clientOf(request));
    try {
      const bytes = await readBody(request, { maxBytes, take: holding.take });
      return await files.put({ ...file, bytes });
    } finally {
      holding.release();
    }
  }

  return {
    start(body, base) {
      const parsed = startSchema.safeParse(body);
      if (!parsed.success) throw validationProblem(parsed.error, body, new Set());
      // Two secrets: those who may read the file must not be able to write it.
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
    async receiveWithToken(request, base) {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      if (token === undefined || tokens.get(token) === undefined) {
        throw new Problem(401, 'The token is missing or has expired; get one from /storage/auth/token', {
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
      if (entry === undefined)
        throw new Problem(404, 'No such upload, or it has expired', { type: 'not_found' });
      if (entry.isTaken) {
        throw new Problem(409, 'The file has arrived already', { type: 'conflict' });
      }
      entry.isTaken = true;
      try {
        const { fileId: id, name, contentType } = entry;
        await keep(request, { id, name, contentType });
      } catch (error) {
        // An upload that broke off may be sent again.
        entry.isTaken = false;
        throw error;
      }
    },
  };
}

/** Only images are served as the type they claim; nothing that a browser would run. */
function contentTypeOf(claimed: string): string {
  return /^image\/(png|jpeg|webp|avif|gif|tiff)$/.test(claimed) ? claimed : 'application/octet-stream';
}
