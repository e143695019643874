/** Inlay's graphs on WebGPU under Node, in either precision. */

import { type Graph, type GraphTarget, type Precision, storedAs } from '../../src/graph/onnx/types';
import { parseSafetensorsHeader } from '../../src/model/checkpoint/safetensors';
import { castFile } from '../../src/model/weights/componentWeights';
import { type goldenWeights, type RunningGraph, runs, type Weights } from './goldenGraph';
import type { NodeWebgpu } from './nodeWebgpu';

/** @param fused whether to use the fused forms that the canary allows on llvmpipe without subgroups */
export function webgpuTarget(precision: Precision, fused: boolean): GraphTarget {
  return {
    provider: 'webgpu',
    precision,
    forms: {
      multiHeadAttention: fused,
      groupNorm: fused,
      // Its float16 shader does not compile.
      biasSplitGelu: fused && precision === 'fp32',
    },
  };
}

/** The weights in a precision, cast as `model/weights/componentWeights.ts` casts them for a device. */
export function weightsIn(precision: Precision, { files }: ReturnType<typeof goldenWeights>): Weights {
  const index: Weights['index'] = new Map();
  const cast = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [path, bytes] of files) {
    const stored = parseSafetensorsHeader(bytes, bytes.byteLength, path);
    const file = castFile(path, bytes, stored, storedAs[precision]);
    cast.set(path, file.bytes);
    for (const [key, entry] of file.index) index.set(key, entry);
  }
  return { index, files: cast };
}

/**
 * Creates a session that must run entirely on the GPU.
 * @throws if the WebGPU provider can't run one of its nodes
 */
export async function openOnWebgpu(
  { ort }: NodeWebgpu,
  device: GPUDevice,
  graph: Graph,
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
): Promise<RunningGraph> {
  const session = await ort.InferenceSession.create(graph.bytes, {
    executionProviders: [{ name: 'webgpu', device }],
    externalData: [...files].map(([path, data]) => ({ path, data })),
    extra: { session: { disable_cpu_ep_fallback: '1' } },
    logSeverityLevel: 4,
  });
  // Releasing the last session would destroy the device; the end of the test file releases everything.
  return { ...runs(ort, session), release: async () => {} };
}
