/** Networks that Inlay builds itself from a configuration and a checkpoint's tensors. */
import { footprint } from '../graph/footprint';
import { recordTensors } from '../graph/onnx/tensors';
import { storedAs } from '../graph/onnx/types';
import type { NetworkForm } from './blueprint';
import { isPrepared } from './prepare/prepared';
import { loadWeights } from './weights/componentWeights';

/** Tensor names that only old files have; placeholders replace those of new ones. */
const OLD_NAMES = /\.(query|key|value|proj_attn)\./;

export const builtNetworks: NetworkForm = {
  placeholder: async (_part, { precision }) => ({ tensors: recordTensors(precision, OLD_NAMES) }),
  measure: footprint,
  // Measured: upload buffers, uniforms and buffers that it keeps on WebGPU. WASM's are in its overhead.
  memoryMargin: { webgpu: 1.1, wasm: 1 },
  async open(files, { folder, stem }, precision, options) {
    const weights = isPrepared(files)
      ? await files.openWeights(folder, storedAs[precision])
      : await loadWeights(files, folder, stem, precision, options);
    return { source: { tensors: weights.index }, files: weights.files };
  },
  // Inlay wrote the graph: an error in it is not the checkpoint's fault.
  explain: (_model, error) => error,
};
