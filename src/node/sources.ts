/** Reads images under Node from paths and from file:, http(s): and data: URLs. */
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { fetchBounded } from '../contract/boundedRead';
import { InputError, messageOf } from '../contract/errors';
import { decodeDataUri, isDataUri } from './dataUri';
import { reasonOf } from './systemError';

/** Bytes of an image file: about an uncompressed TIFF of 2^28 pixels, the most that is decoded. */
const MAX_PICTURE_BYTES = 1_100_000_000;
/** Characters of a URL that messages show. */
const MAX_SHOWN = 200;

/** @returns a source as messages name it: data URIs are shortened */
export function shownSource(source: string): string {
  if (isDataUri(source)) return 'the data URI';
  return source.length > MAX_SHOWN ? `${source.slice(0, MAX_SHOWN)} …` : source;
}

/**
 * Reads a file.
 * @param field the argument to name in errors
 * @param source a path, or a file:, http(s): or data: URL, in whatever case
 * @throws InputError if it is missing, cannot be read or is too large; NetworkError if its server does not answer
 */
export async function readSource(
  field: string,
  source: string,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const shown = shownSource(source);
  if (isDataUri(source)) {
    const bytes = decodeDataUri(source, MAX_PICTURE_BYTES);
    if (bytes instanceof Uint8Array) return bytes;
    throw new InputError(
      field,
      `${field}: ${shown} ${bytes ? `is ${bytes}` : 'has no comma before its data'}`,
    );
  }
  if (/^https?:\/\//i.test(source)) {
    const what = `${field}: ${shown}`;
    const { response, bytes } = await fetchBounded(source, { maxBytes: MAX_PICTURE_BYTES, signal, what });
    if (!response.ok)
      throw new InputError(field, `${what}: the server answered ${response.status}; check the URL`);
    return bytes;
  }
  const path = pathOf(field, source);
  try {
    const { size } = await stat(path);
    if (size > MAX_PICTURE_BYTES) {
      throw new InputError(
        field,
        `${field}: ${shown} is ${Math.round(size / 1e6)} MB; the limit is ${MAX_PICTURE_BYTES / 1e6} MB`,
      );
    }
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(field, `${field}: ${shown} cannot be opened: ${reasonOf(error)}`);
  }
}

/** @throws InputError for an unsupported scheme */
function pathOf(field: string, source: string): string {
  const [, scheme] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source.slice(0, 40)) ?? [];
  if (scheme === undefined) return source;
  try {
    if (scheme.toLowerCase() === 'file') return fileURLToPath(source);
  } catch (error) {
    throw new InputError(
      field,
      `${field}: ${shownSource(source)} does not name a file on this device (${messageOf(error)})`,
    );
  }
  throw new InputError(
    field,
    `${field}: ${scheme}:// URLs are not supported; use a path or an https:, file: or data: URL`,
  );
}
