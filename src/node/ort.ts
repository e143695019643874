/** ONNX Runtime under Node: the very WASM that the page runs, so that both give the same picture. */
import { availableParallelism } from 'node:os';
import { loadNodeOrt } from '../model/runtime/ortNode';
import { Runtime } from '../model/runtime/session';

/** @param threads CPU threads; all cores when left out */
export async function createNodeRuntime(threads: number = availableParallelism()): Promise<Runtime> {
  const ort = await loadNodeOrt(threads);
  return new Runtime(ort, {
    provider: 'wasm',
    precision: 'fp32',
    forms: { multiHeadAttention: false, groupNorm: false, biasSplitGelu: false },
  });
}
