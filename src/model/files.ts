/** Where a checkpoint's files come from: a folder over HTTP, or (under Node) on the disk. */
import { askBounded, boundedBody, declaredLength, type FetchLimits } from '../contract/boundedRead';
import { CheckpointError, NetworkError } from '../contract/errors';
import { NAME_ANOTHER } from '../contract/families';
import { MAX_JSON_BYTES } from '../contract/limits';
import type { RandomReader } from '../graph/onnxExport/read';

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** @param totalBytes 0 if the server does not say */
  onProgress?: ((loadedBytes: number, totalBytes: number) => void) | undefined;
}

export interface CheckpointFiles {
  /** What the user calls the model: an id, a URL or a path. */
  readonly name: string;
  /**
   * @returns the whole file, or undefined if there is no such file
   * @throws NetworkError if the answer is neither
   */
  read(path: string, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * For reading at any position; absent if files can only be read whole.
   * @returns undefined if there is no such file
   */
  open?(path: string): Promise<RandomReader | undefined>;
}

/** Files whose texts are in memory: configurations and tokenizers. @param texts by path within the model */
export function filesOfTexts(name: string, texts: ReadonlyMap<string, string>): CheckpointFiles {
  return {
    name,
    async read(path) {
      const text = texts.get(path);
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
  };
}

/** Reads a required file. @throws CheckpointError if it is missing */
export async function readRequired(
  files: CheckpointFiles,
  path: string,
  options?: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await files.read(path, options);
  if (bytes !== undefined) return bytes;
  throw missingFile(files, path);
}

/** For a required file. */
export function missingFile({ name }: Pick<CheckpointFiles, 'name'>, path: string): CheckpointError {
  return new CheckpointError(`model "${name}": ${path} is missing; ${NAME_ANOTHER} in the diffusers layout`);
}

/** @throws CheckpointError if the file is not JSON */
export function parseJsonFile(
  files: Pick<CheckpointFiles, 'name'>,
  path: string,
  bytes: Uint8Array,
): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new CheckpointError(
      `model "${files.name}": ${path} is not JSON; the file is damaged, download it again`,
    );
  }
}

/**
 * The same files; every read ends with the call's signal unless it has its own.
 * @param call a model outlives the run that opened it: its members may change
 */
export function heeding<Files extends CheckpointFiles>(files: Files, call: { signal: AbortSignal }): Files {
  return {
    ...files,
    read: (path, options) => files.read(path, { ...options, signal: options?.signal ?? call.signal }),
  };
}

/** Weight files that a browser or Node can hold in one piece are far smaller. */
const MAX_WEIGHT_BYTES = 16e9;
/**
 * If a server does not announce a file's length, its bytes are kept in memory up to this limit, which is only enough for
 * small models.
 */
const MAX_UNDECLARED_BYTES = 256e6;

/**
 * A folder that a web server serves file by file.
 * @param baseUrl ends with a slash
 * @param manners how the server is asked, and how long it may be silent
 */
export function httpFiles(
  name: string,
  baseUrl: string,
  { fetch, stallMs }: Pick<FetchLimits, 'fetch' | 'stallMs'> = {},
): CheckpointFiles {
  return {
    name,
    async read(path, { signal, onProgress } = {}) {
      const url = new URL(path, baseUrl).href;
      const limits = { signal, stallMs, what: `model "${name}": ${path}` };
      const response = await askBounded(url, { ...limits, fetch });
      // Some static hosts answer every unknown path with their start page.
      const isPage = response.headers.get('content-type')?.startsWith('text/html') ?? false;
      if (!response.ok || isPage) {
        // An unread body holds its connection.
        void response.body?.cancel().catch(() => {});
        if (response.ok || response.status === 404) return undefined;
        throw new NetworkError(
          response.status === 401 || response.status === 403
            ? `model "${name}": the server refused ${path} with ${response.status}: there is no such model, or it is gated; check its name`
            : `model "${name}": the server answered ${response.status} for ${path}; try again later`,
        );
      }
      return boundedBody(response, { ...limits, onProgress, maxBytes: greatestSize(path, response) });
    },
  };
}

/** Texts are small; for weights, at most the declared length is read. */
function greatestSize(path: string, response: Response): number {
  if (/\.(json|txt)$/.test(path)) return MAX_JSON_BYTES;
  return declaredLength(response) > 0 ? MAX_WEIGHT_BYTES : MAX_UNDECLARED_BYTES;
}
