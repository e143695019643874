/** From a checkpoint's files to a model that the pipeline can run. */
import type { Model } from '../pipeline/model';
import { asUnsupportedError, type OpenPart, type Part, type WeightSet } from './blueprint';
import type { LoadCall } from './configFiles';
import { describeModel } from './describeModel';
import { type CheckpointFiles, heeding } from './files';
import { type Lazy, lazy } from './lazy';
import type { Runtime } from './runtime/session';

export type { LoadCall, LoadProgress } from './configFiles';

/**
 * Reads the configurations and the tokenizers; each network's weights follow when it is first asked for.
 * @param call used for the first read and for every later one: a model outlives the run that opened it, so pass
 *   an object whose members may change
 * @throws CheckpointError if a file is missing, damaged or of a kind that Inlay cannot run
 */
export async function loadModel(given: CheckpointFiles, runtime: Runtime, call: LoadCall): Promise<Model> {
  const files = heeding(given, call);
  const blueprint = await describeModel(files);
  const { form, parts } = blueprint;

  const openWeights = (weights: WeightSet) =>
    form.open(files, weights, weights.precision(runtime.target.precision), {
      signal: call.signal,
      onProgress: (file, loadedBytes, totalBytes) =>
        call.onProgress({ stage: 'download', file, loadedBytes, totalBytes }),
    });
  // What two parts share is read once, and kept for the second.
  const shared = new Map<WeightSet, Lazy<Awaited<ReturnType<typeof openWeights>>>>();
  for (const { weights } of parts.filter((part) => isShared(part, parts))) {
    if (!shared.has(weights))
      shared.set(
        weights,
        lazy(() => openWeights(weights)),
      );
  }
  const open = async (part: Part): Promise<OpenPart> => {
    const { weights } = part;
    const { source, files: bytes } = await (shared.get(weights)?.get() ?? openWeights(weights));
    call.signal.throwIfAborted();
    call.onProgress({ stage: 'compile', component: part.name });
    const target = { ...runtime.target, precision: weights.precision(runtime.target.precision) };
    const graph = await asUnsupportedError(files.name, () => part.build(source, target));
    const session = await runtime.createSession(part.name, graph, bytes).catch((error: unknown) => {
      throw form.explain(files.name, error);
    });
    return { session, source };
  };
  return blueprint.connect({ runtime, open });
}

function isShared(part: Part, parts: readonly Part[]): boolean {
  return parts.some((other) => other !== part && other.weights === part.weights);
}
