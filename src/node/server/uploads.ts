/** Uploads in the storage API's two steps: ask for an address, then PUT the file there. */
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
  hasArrived: boolean;
}

/** Addresses that were asked for and never used are forgotten beyond this number. */
const MAX_EXPECTED = 1000;

export interface Uploads {
  /** @throws Problem 422 */
  initiate(
    body: unknown,
    base: string,
    fileUrl: (base: string, id: string, name: string) => string,
  ): { upload_url: string; file_url: string };
  /** @throws Problem 404, 409 where the file has arrived already, 413 */
  receive(token: string, request: IncomingMessage): Promise<void>;
}

export function createUploads(options: { files: FileStore; maxBytes: number; keepMs: number }): Uploads {
  const { files, maxBytes, keepMs } = options;
  const expected = new Map<string, Expected>();

  return {
    initiate(body, base, fileUrl) {
      const parsed = initiationSchema.safeParse(body);
      if (!parsed.success) throw validationProblem(parsed.error, body, new Set());
      // Two secrets: who may read the file need not be able to write it.
      const token = randomBytes(16).toString('base64url');
      const fileId = createFileId();
      const name = safeName(parsed.data.file_name);
      const contentType = contentTypeOf(parsed.data.content_type);
      expected.set(token, { contentType, name, fileId, hasArrived: false });
      setTimeout(() => expected.delete(token), keepMs).unref();
      const [oldest] = expected.keys();
      if (expected.size > MAX_EXPECTED && oldest !== undefined) expected.delete(oldest);
      return { upload_url: `${base}/uploads/${token}`, file_url: fileUrl(base, fileId, name) };
    },
    async receive(token, request) {
      const entry = expected.get(token);
      if (entry === undefined) throw new Problem(404, 'There is no such upload', { type: 'not_found' });
      if (entry.hasArrived) {
        throw new Problem(409, 'The file has arrived already', { type: 'conflict' });
      }
      const bytes = await readBody(request, maxBytes);
      const { fileId: id, name, contentType } = entry;
      await files.put({ id, name, contentType, bytes });
      entry.hasArrived = true;
    },
  };
}

/** Pictures alone are given out as what they claim to be: nothing that a browser would run. */
function contentTypeOf(claimed: string): string {
  return /^image\/(png|jpeg|webp|avif|gif|tiff)$/.test(claimed) ? claimed : 'application/octet-stream';
}
