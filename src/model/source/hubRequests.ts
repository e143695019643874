/** How servers are asked for listings and small files: with retries, within limits, and with the token only for the hub. */
import { fetchBounded, ReadError, SilenceError, TooLongError } from '../../contract/boundedRead';
import { InputError, NetworkError } from '../../contract/errors';
import { MAX_JSON_BYTES } from '../../contract/limits';
import { type Connection, isOffline, offline, type RemoteFile } from './download';
import { isOfCivitai } from './modelName';

/** An error of the Hub together with what its headers say. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly code: string | null,
  ) {
    super(`status ${status}`);
  }
}

const MAX_ATTEMPTS = 5;
/**
 * A server that was silent for this long twice is not asked again: each time takes as long as all other attempts together.
 */
const MAX_SILENCES = 2;

/**
 * Retries if that helps, sends the token only to the hub, and reads whole answers within the limits for small files: they
 * are listings and configurations.
 */
export function politeFetch(connection: Connection): typeof fetch {
  const { signal, stallMs } = connection;
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    // A listing's "next" link comes from the server: it may lead anywhere.
    if (url.origin !== connection.hubOrigin) headers.delete('Authorization');
    const limits = { signal, stallMs, what: url.href, maxBytes: MAX_JSON_BYTES };
    let silences = 0;
    for (let attempt = 1; ; attempt++) {
      const response = await fetchBounded(url.href, {
        ...limits,
        fetch: connection.fetch,
        init: { ...init, headers },
      }).catch((error: unknown) => {
        signal.throwIfAborted();
        // A server's own fetch refuses URLs: asking again would not help. Nor would it for an answer that is too long.
        if (error instanceof InputError || error instanceof TooLongError) throw error;
        // The browser knows that it is offline: asking again would only take time.
        if (isOffline()) throw offline(url.host);
        return error instanceof Error ? error : new Error(String(error));
      });
      if (!(response instanceof Error)) {
        const { bytes, response: answer } = response;
        if (answer.ok) return withBody(answer, bytes);
        const mayPass = answer.status === 429 || answer.status >= 500;
        if (!mayPass) throw new RefusedError(answer.status, answer.headers.get('X-Error-Code'));
      }
      if (response instanceof SilenceError) silences++;
      if (attempt === MAX_ATTEMPTS || silences === MAX_SILENCES) {
        const what =
          response instanceof Error
            ? `could not be reached (${response instanceof ReadError ? response.reason : response.message})`
            : `answered ${response.response.status}`;
        const advice = adviceOf(url, connection, response instanceof Error ? response : undefined);
        throw new NetworkError(`${url.host} ${what}, ${attempt} times in a row; ${advice}`);
      }
      const asked = response instanceof Error ? 0 : Number(response.response.headers.get('Retry-After') ?? 0);
      await connection.wait(
        Math.min(30_000, Math.max((asked || 0) * 1000, 500 * 2 ** (attempt - 1))),
        connection.signal,
      );
    }
  };
}

/** An answer whose body has been read. */
function withBody({ status, statusText, headers }: Response, bytes: Uint8Array<ArrayBuffer>): Response {
  return new Response(bytes.byteLength === 0 ? null : bytes, { status, statusText, headers });
}

/** @param error absent if the server did answer */
function adviceOf(url: URL, connection: Connection, error: Error | undefined): string {
  const usual = 'check your connection and try again';
  // A browser hides from the page whether the network or the server's rules were the cause.
  const mayBeRules = error !== undefined && globalThis.location !== undefined;
  if (!mayBeRules || url.origin === connection.hubOrigin) return usual;
  if (isOfCivitai(url))
    return 'Civitai lets no other page read its files: download the file there and drop it here';
  return (
    'check the URL and your connection; a server other than the Hub must allow other sites to read its files (CORS): if it ' +
    'does not, save the file and open it from the disk'
  );
}

/** Asks for a file's size, or, if it is small, for the file. @returns undefined if there is no such file */
export async function probe(
  path: string,
  url: string,
  connection: Connection,
): Promise<RemoteFile | undefined> {
  const isSmall = /\.(json|txt)$/.test(path);
  const response = await politeFetch(connection)(url, { method: isSmall ? 'GET' : 'HEAD' }).catch(
    (error: unknown) => {
      if (error instanceof RefusedError) return error;
      throw error;
    },
  );
  if (response instanceof RefusedError) {
    if (response.status === 404 || response.status === 410) return undefined;
    throw new NetworkError(`${url}: the server answered ${response.status}; check the URL`);
  }
  // Some static hosts answer every unknown path with their start page.
  if (response.headers.get('Content-Type')?.startsWith('text/html')) {
    return undefined;
  }
  if (isSmall) {
    // Servers compress text: the length they give is not the file's.
    const blob = await response.blob();
    return { path, size: blob.size, at: { blob } };
  }
  const size = Number(response.headers.get('Content-Length') ?? Number.NaN);
  if (!Number.isSafeInteger(size) || response.headers.get('Content-Encoding') !== null) {
    throw new NetworkError(`${url}: the server does not say how large the file is; use another address`);
  }
  return { path, size, at: { url } };
}
