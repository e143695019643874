/** Where pictures come from under Node: paths, file: URLs, addresses, data URIs. */
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { fetchBounded } from '../contract/boundedRead';
import { InputError, messageOf } from '../contract/errors';
import { decodeDataUri, isDataUri } from './dataUri';
import { reasonOf } from './systemError';

/** Bytes of a picture's file: an uncompressed TIFF of the 2^28 pixels that are decoded at most has about as many. */
const MAX_PICTURE_BYTES = 1_100_000_000;
/** So much of an address is shown. */
const MAX_SHOWN = 200;

/** @returns a source as messages name it: a data URI is no text for people */
export function shownSource(source: string): string {
  if (isDataUri(source)) return 'the data URI';
  return source.length > MAX_SHOWN ? `${source.slice(0, MAX_SHOWN)} …` : source;
}

/**
 * Reads a file.
 * @param field the argument to name in errors
 * @param source a path, or a file:, http(s): or data: URL, in whatever case
 * @throws InputError where it is missing, cannot be read or is too large; NetworkError where its server does not answer
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
      throw new InputError(field, `${what} was answered with ${response.status}; check the address`);
    return bytes;
  }
  const path = pathOf(field, source);
  try {
    const { size } = await stat(path);
    if (size > MAX_PICTURE_BYTES) {
      throw new InputError(
        field,
        `${field}: ${shown} has ${Math.round(size / 1e6)} MB; at most ${MAX_PICTURE_BYTES / 1e6} are read`,
      );
    }
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(field, `${field}: ${shown} cannot be opened: ${reasonOf(error)}`);
  }
}

/** @throws InputError for a scheme that is not read */
function pathOf(field: string, source: string): string {
  const [, scheme] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source.slice(0, 40)) ?? [];
  if (scheme === undefined) return source;
  try {
    if (scheme.toLowerCase() === 'file') return fileURLToPath(source);
  } catch (error) {
    throw new InputError(field, `${field}: ${shownSource(source)} names no file here (${messageOf(error)})`);
  }
  throw new InputError(
    field,
    `${field}: ${scheme}:// addresses are not read; give a path, or an address with https://, file:// or data:`,
  );
}
