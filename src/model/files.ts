/** Where a checkpoint's files come from: a folder over HTTP, or (under Node) on the disk. */
import { CheckpointError, InputError, InternalError, messageOf, NetworkError } from '../engine/errors';
import type { RandomReader } from '../graph/exported/read';

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** @param totalBytes 0 where the server does not say */
  onProgress?: ((loadedBytes: number, totalBytes: number) => void) | undefined;
}

export interface CheckpointFiles {
  /** What a person calls the model: an id, a URL or a path. */
  readonly name: string;
  /**
   * @returns the whole file, or undefined where there is none of that path
   * @throws NetworkError where the answer is neither
   */
  read(path: string, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * For reading here and there; absent where files come whole alone.
   * @returns undefined where there is no file of that path
   */
  open?(path: string): Promise<RandomReader | undefined>;
}

/** Files whose texts are at hand: configurations and tokenizers. @param texts by path within the model */
export function filesOfTexts(name: string, texts: ReadonlyMap<string, string>): CheckpointFiles {
  return {
    name,
    async read(path) {
      const text = texts.get(path);
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
  };
}

/** Reads a file that a checkpoint cannot do without. @throws CheckpointError where it is missing */
export async function readRequired(
  files: CheckpointFiles,
  path: string,
  options?: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await files.read(path, options);
  if (bytes !== undefined) return bytes;
  throw new CheckpointError(
    `model "${files.name}": ${path} is missing; name a Stable Diffusion model in the diffusers layout`,
  );
}

/** @throws CheckpointError where the file is no JSON */
export function parseJsonFile(
  files: Pick<CheckpointFiles, 'name'>,
  path: string,
  bytes: Uint8Array,
): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new CheckpointError(
      `model "${files.name}": ${path} is no JSON; the file is damaged, fetch it again`,
    );
  }
}

/**
 * A folder that a web server serves file by file.
 * @param baseUrl ends with a slash
 */
export function httpFiles(name: string, baseUrl: string): CheckpointFiles {
  return {
    name,
    async read(path, { signal, onProgress } = {}) {
      const url = new URL(path, baseUrl).href;
      let response: Response;
      try {
        response = await fetch(url, { signal: signal ?? null });
      } catch (error) {
        signal?.throwIfAborted();
        // A server's own fetch refuses addresses.
        if (error instanceof InputError) throw error;
        throw new NetworkError(
          `model "${name}": ${path} could not be fetched (${messageOf(error)}); check the network`,
        );
      }
      // Some static hosts answer every unknown path with their start page.
      const isPage = response.headers.get('content-type')?.startsWith('text/html') ?? false;
      if (!response.ok || isPage) {
        // A body that nobody reads holds its connection.
        await response.body?.cancel();
        if (response.ok || response.status === 404) return undefined;
        throw new NetworkError(
          response.status === 401 || response.status === 403
            ? `model "${name}": the server refused ${path} with ${response.status}: there is no such model, or it is gated; check its name`
            : `model "${name}": the server answered ${response.status} for ${path}; try again later`,
        );
      }
      try {
        return await readBody(response, onProgress);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof RangeError) throw error;
        throw new NetworkError(`model "${name}": ${path} broke off (${messageOf(error)}); try again`);
      }
    },
  };
}

async function readBody(
  response: Response,
  onProgress: ReadOptions['onProgress'],
): Promise<Uint8Array<ArrayBuffer>> {
  if (response.body === null) throw new InternalError('the answer has no body');
  // With a content coding the length counts compressed bytes and says nothing of what arrives here.
  const coded = response.headers.get('content-encoding') !== null;
  const total = coded ? 0 : Number(response.headers.get('content-length') ?? 0);
  let bytes = new Uint8Array(total > 0 ? total : 1 << 16);
  let loaded = 0;
  const reader = response.body.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    if (loaded + chunk.value.byteLength > bytes.byteLength) {
      const grown = new Uint8Array(Math.max(bytes.byteLength * 2, loaded + chunk.value.byteLength));
      grown.set(bytes.subarray(0, loaded));
      bytes = grown;
    }
    bytes.set(chunk.value, loaded);
    loaded += chunk.value.byteLength;
    onProgress?.(loaded, total);
  }
  if (total > 0 && loaded !== total) throw new Error(`${loaded} of ${total} bytes arrived`);
  return loaded === bytes.byteLength ? bytes : bytes.slice(0, loaded);
}
