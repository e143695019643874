/**
 * The page's own large files: stored when they are first used, each with its digest, so that files of two versions are
 * never mixed.
 */
import { isListedWhole, type OwnFile, roleOf, withHeaders } from './ownFiles';

export interface LargeFilesParts {
  files: readonly OwnFile[];
  /** The service worker's own URL. */
  base: string;
  /** Headers of every response. */
  headers: Readonly<Record<string, string>>;
  open(): Promise<Pick<Cache, 'match' | 'put' | 'keys' | 'delete'>>;
  fetch(url: string, init: RequestInit): Promise<Response>;
}

export interface LargeFiles {
  /** @returns the file at that URL, whatever its query */
  find(address: string): OwnFile | undefined;
  /** Whether such a file certainly doesn't exist: models are asked for parts that not every model has. */
  lacks(address: string): boolean;
  /**
   * The kept file; else the server's, kept once its digest has been found right. A wrong one breaks off: the page must
   * not work with it.
   * @param settled told when nothing more will be written; the service worker has to live until then
   */
  answer(file: OwnFile, signal: AbortSignal, settled: (promise: Promise<unknown>) => void): Promise<Response>;
  /** Fetches files that are not stored yet. @throws TypeError if one can't be fetched or is of another version */
  keep(wanted: (file: OwnFile) => boolean): Promise<void>;
  /** Fetches this version's form of every file that the previous version stored. @throws as `keep` */
  keepSuccessors(): Promise<void>;
  /** Deletes the files of other versions. */
  prune(): Promise<void>;
}

/** Fetches and opens nothing until it is asked to. */
export function createLargeFiles({ files, base, headers, open, fetch }: LargeFilesParts): LargeFiles {
  const addressOf = ({ path }: OwnFile) => new URL(path, base).href;
  const byAddress = new Map(files.map((file) => [addressOf(file), file]));
  const keyOf = (file: OwnFile) => `${addressOf(file)}?sha256=${encodeURIComponent(file.sha256)}`;
  const keys = new Set(files.map(keyOf));

  async function keep(wanted: (file: OwnFile) => boolean): Promise<void> {
    const cache = await open();
    for (const file of files.filter(wanted)) {
      if ((await cache.match(keyOf(file))) !== undefined) continue;
      const integrity = `sha256-${file.sha256}`;
      const response = await fetch(addressOf(file), { cache: 'no-cache', integrity });
      if (response.status !== 200)
        throw new TypeError(`${file.path}: the server answered ${response.status}`);
      await cache.put(keyOf(file), withHeaders(response, headers));
    }
  }

  return {
    find(address) {
      const url = new URL(address);
      return byAddress.get(url.origin + url.pathname);
    },
    lacks(address) {
      const url = new URL(address);
      const plain = url.origin + url.pathname;
      const folder = new URL('./', base).href;
      return plain.startsWith(folder) && isListedWhole(plain.slice(folder.length)) && !byAddress.has(plain);
    },
    async answer(file, signal, settled) {
      const cache = await open();
      const kept = await cache.match(keyOf(file));
      if (kept !== undefined) return kept;
      // The browser's own cache may have an earlier version's file of the same name: ask the server.
      const response = await fetch(addressOf(file), { cache: 'no-cache', signal });
      if (response.status !== 200 || response.body === null) return response;
      const checked = checkedBody(response.body, file);
      settled(
        checked.whole
          .then((body) => body && cache.put(keyOf(file), withHeaders(plain(response, body), headers, body)))
          .catch((error: unknown) => console.warn(`${file.path} is not kept:`, error)),
      );
      return withHeaders(response, headers, checked.stream);
    },
    keep,
    async keepSuccessors() {
      const before = await (await open()).keys();
      const roles = new Set(before.map(({ url }) => roleOf(new URL(url).pathname)));
      await keep((file) => roles.has(roleOf(new URL(addressOf(file)).pathname)));
    },
    async prune() {
      const cache = await open();
      for (const request of await cache.keys()) {
        if (!keys.has(request.url)) await cache.delete(request);
      }
    },
  };
}

/** Without the headers that only concern the transfer. */
function plain(response: Response, body: Blob): Response {
  const headers = new Headers(response.headers);
  headers.delete('Content-Encoding');
  headers.set('Content-Length', String(body.size));
  return new Response(null, { headers });
}

/**
 * Passes a body on as it arrives, since the page shows its progress, and withholds its end until the digest is known.
 * @returns `whole`: the verified body; undefined if it broke off, was wrong or isn't wanted any more
 */
function checkedBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  { path, sha256 }: OwnFile,
): { stream: ReadableStream<Uint8Array>; whole: Promise<Blob | undefined> } {
  const { promise: whole, resolve } = withResolvers<Blob | undefined>();
  const reader = body.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) {
          chunks.push(value);
          controller.enqueue(value);
          return;
        }
        const received = new Blob(chunks);
        if ((await digest(received)) !== sha256) {
          throw new TypeError(`${path} is not of this version of the page; reload the page`);
        }
        controller.close();
        resolve(received);
      } catch (error) {
        controller.error(error);
        resolve(undefined);
      }
    },
    async cancel(reason) {
      resolve(undefined);
      await reader.cancel(reason);
    },
  });
  return { stream, whole };
}

async function digest(blob: Blob): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

/** Promise.withResolvers, which Safari only has since 17.4. */
function withResolvers<T>(): { promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
