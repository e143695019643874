/** Networks that come as ONNX graphs, whose memory needs follow from the graphs. */
import { InternalError, UnsupportedError } from '../../contract/errors';
import { type Footprint, weightsAlone } from '../../graph/footprint';
import { GraphError } from '../../graph/onnx/tensors';
import type { Graph } from '../../graph/onnx/types';
import { exportedFootprint } from '../../graph/onnxExport/footprint';
import type { Dims, NetworkForm, ReadSkeleton } from '../blueprint';
import { openExport } from './files';

export function exportedNetworks(readSkeleton: ReadSkeleton): NetworkForm {
  return {
    async placeholder({ weights }) {
      const skeleton = await readSkeleton(weights.folder);
      return skeleton && { skeleton, tensors: new Map() };
    },
    measure,
    // On WASM Stable Diffusion 1.5's exported UNet took 478 MB more than its graph says, of which the overhead holds 429.
    memoryMargin: { webgpu: 1.1, wasm: 1.02 },
    async open(files, { folder }, precision, options) {
      const { skeleton, weights } = await openExport(files, folder, precision, options);
      return { source: { skeleton, tensors: weights.index }, files: weights.files };
    },
    explain,
  };
}

/** ONNX Runtime names the missing operator: in someone else's graph that is not Inlay's bug. */
function explain(model: string, error: unknown): unknown {
  if (!(error instanceof InternalError)) return error;
  return new UnsupportedError(
    `model "${model}": the ONNX export cannot run here (${error.message}); name another export of this model, or the ` +
      'repository that it was exported from',
  );
}

/** If a graph's sizes cannot be followed, only its weights are known: never more than it needs. */
function measure(graph: Graph, dims: Dims): Footprint {
  try {
    return exportedFootprint(graph, dims);
  } catch (error) {
    if (error instanceof GraphError) return weightsAlone(graph);
    throw error;
  }
}
