/** ONNX Runtime under Node: the very WASM that the page runs, so that both give the same picture. */
import { availableParallelism } from 'node:os';
import { openNodeRuntime } from '../model/runtime/ortNode';
import type { Runtime } from '../model/runtime/session';

/** @param threads CPU threads; all cores when left out */
export function createNodeRuntime(threads: number = availableParallelism()): Promise<Runtime> {
  return openNodeRuntime(threads);
}
