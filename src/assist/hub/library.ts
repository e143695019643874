/**
 * transformers.js, loaded at the first use and closed to the network: the files that it reads are those of a stored selector.
 * Whatever else it looks for is missing.
 */
import type * as Library from '@huggingface/transformers';
import { CheckpointError, InternalError, messageOf } from '../../contract/errors';
import type { OrtModule } from '../../model/runtime/session';
import type { SelectorFiles } from '../../model/selectors/open';
import { dataPaths, graphPath } from '../../model/selectors/plan';
import { chooseRuntime } from './chosenRuntime';

export type Transformers = typeof Library;

/** Of every address under which the library looks for a file. No host has such a name (RFC 2606). */
const HOST = 'https://weights.invalid/';

/** Files that the library may read, by the selector's id. */
const readable = new Map<string, { files: SelectorFiles; failure?: unknown }>();
let loading: Promise<Transformers> | undefined;

/** @param ort what runs the graphs; absent under Node, where the library has onnxruntime-node */
function loadLibrary(ort: OrtModule | undefined): Promise<Transformers> {
  loading ??= importLibrary(ort).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function importLibrary(ort: OrtModule | undefined): Promise<Transformers> {
  if (ort !== undefined) chooseRuntime(ort);
  const library = await import('@huggingface/transformers');
  const { env } = library;
  env.allowLocalModels = false;
  env.useFS = false;
  env.useFSCache = false;
  env.useBrowserCache = false;
  // The runtime was told where its files are.
  env.useWasmCache = false;
  env.logLevel = library.LogLevel.ERROR;
  env.remoteHost = HOST;
  env.remotePathTemplate = '{model}/';
  env.fetch = async () => new Response(null, { status: 404 });
  env.useCustomCache = true;
  env.customCache = {
    async match(address: string) {
      const blob = await storedFile(address);
      return blob && new Response(blob, { headers: { 'Content-Length': `${blob.size}` } });
    },
    put: () => Promise.reject(new InternalError('transformers.js got a file from elsewhere than the store')),
  };
  return library;
}

async function storedFile(address: string): Promise<Blob | undefined> {
  const [, id = '', path = ''] = /^https:\/\/weights\.invalid\/([^/]+\/[^/]+)\/(.+)$/.exec(address) ?? [];
  const entry = readable.get(id);
  try {
    return await entry?.files.open(path);
  } catch (error) {
    // The library takes a failing cache for an empty one.
    if (entry) entry.failure = error;
    throw error;
  }
}

/** What every `from_pretrained` gets. */
export interface LoadOptions {
  dtype: Record<string, 'fp32' | 'fp16' | 'q8'>;
  device: 'wasm' | 'cpu';
  use_external_data_format: Record<string, number>;
  session_options: Record<string, unknown>;
}

/**
 * Lets the library read a selector's files while `load` runs.
 * @throws CheckpointError if a file is missing, was changed in the store or is not what it should be
 */
export async function withLibrary<Result>(
  files: SelectorFiles,
  ort: OrtModule | undefined,
  load: (library: Transformers, id: string, options: LoadOptions) => Promise<Result>,
): Promise<Result> {
  const library = await loadLibrary(ort);
  const { id } = files.offer;
  const entry: { files: SelectorFiles; failure?: unknown } = { files };
  readable.set(id, entry);
  try {
    return await load(library, id, loadOptions(files, ort === undefined ? 'cpu' : 'wasm'));
  } catch (error) {
    if (entry.failure !== undefined) throw entry.failure;
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(
      `selector "${files.offer.title}" can’t be opened (${messageOf(error)}); delete it in "Manage models" and download it again`,
      { cause: error },
    );
  } finally {
    readable.delete(id);
  }
}

/** Which graphs have their weights beside them is read from the files, not from a configuration that may say otherwise. */
function loadOptions({ offer, paths }: SelectorFiles, device: LoadOptions['device']): LoadOptions {
  const counts = Object.keys(offer.graphs).map((name) => {
    const graph = graphPath(name, offer);
    const count = dataPaths(graph).filter((path) => paths.includes(path)).length;
    return [graph.replace(/^onnx\//, ''), count] as const;
  });
  return {
    dtype: { ...offer.graphs },
    device,
    use_external_data_format: Object.fromEntries(counts),
    session_options: {
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // onnxruntime-web 1.31.0-dev.20260914 folds Hiera's window shapes wrongly and then refuses its own graph
      // ("Can't merge shape info"); onnxruntime-node 1.30 does not.
      ...(offer.kind === 'Sam2Model' && {
        extra: { optimization: { disable_specified_optimizers: 'ConstantFolding' } },
      }),
    },
  };
}
