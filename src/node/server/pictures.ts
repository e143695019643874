/** Reads the images that `image_url` and `mask_url` name, within limits. */
import { isAbort } from '../../contract/errors';
import { decodeDataUri, isDataUri } from '../dataUri';
import type { FileStore } from './files';
import { ForbiddenAddressError } from './http/guardedFetch';
import { fieldProblem, type Problem } from './http/problem';

export interface PictureSources {
  /** See createGuardedFetch. */
  fetch: typeof fetch;
  files: FileStore;
  maxBytes: number;
  /** How long a download may take, in milliseconds. */
  timeoutMs: number;
}

export type ReadPicture = (field: string, address: string, signal: AbortSignal) => Promise<Blob>;

/** A URL of one of this server's own files, by whatever name the server is called. */
const OWN_FILE = /^https?:\/\/[^/]+\/files\/([\w-]{22})\/[^/]+$/;

/** @returns a function that throws Problem 422 naming the field */
export function pictureReader({ fetch, files, maxBytes, timeoutMs }: PictureSources): ReadPicture {
  const tooLarge = (field: string): Problem =>
    fieldProblem(field, `The file is larger than ${Math.floor(maxBytes / 1e6)} MB`, 'file_too_large', {
      max_size: maxBytes,
    });

  const download = async (field: string, address: string, signal: AbortSignal): Promise<Blob> => {
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(address, { signal: AbortSignal.any([signal, limit]) });
      if (!response.ok) {
        await response.body?.cancel();
        throw downloadProblem(field, `the server answered ${response.status}`);
      }
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      let size = Number(response.headers.get('Content-Length') ?? 0);
      if (size > maxBytes) {
        await response.body?.cancel();
        throw tooLarge(field);
      }
      size = 0;
      for await (const chunk of response.body ?? []) {
        size += chunk.byteLength;
        if (size > maxBytes) throw tooLarge(field);
        chunks.push(chunk);
      }
      return new Blob(chunks);
    } catch (error) {
      signal.throwIfAborted();
      if (limit.aborted) throw downloadProblem(field, `no answer within ${timeoutMs / 1000} s`);
      if (error instanceof ForbiddenAddressError) {
        throw downloadProblem(
          field,
          'the URL is not on the public internet; send a data URI, upload the image, or start the server with --allow-private',
        );
      }
      if (error instanceof Error && error.name === 'Problem') throw error;
      throw downloadProblem(field, isAbort(error) ? 'the connection broke off' : downloadReason(error));
    }
  };

  return async (field, address, signal) => {
    if (isDataUri(address)) {
      const bytes = decodeDataUri(address, maxBytes);
      if (bytes === undefined)
        throw fieldProblem(field, 'The data URI cannot be decoded', 'image_load_error');
      if (bytes === 'too large') throw tooLarge(field);
      return new Blob([bytes]);
    }
    const own = OWN_FILE.exec(address)?.[1];
    const file = own === undefined ? undefined : await files.get(own);
    // Its id is 128 random bits: only clients that the server gave it to know it.
    if (file !== undefined) return new Blob([file.bytes as Uint8Array<ArrayBuffer>]);
    return download(field, address, signal);
  };
}

function downloadProblem(field: string, reason: string): Problem {
  return fieldProblem(field, `Failed to download the file: ${reason}`, 'file_download_error');
}

/** Without system codes and resolved addresses, which strangers must not see. */
function downloadReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'there is no such host';
  if (code === 'ECONNREFUSED') return 'the connection was refused';
  return 'the server did not answer properly';
}
