/** ONNX Runtime under Node: the same WASM that the page runs, so both give the same image. */
import { availableParallelism } from 'node:os';
import { openNodeRuntime } from '../model/runtime/ortNode';
import type { Runtime } from '../model/runtime/session';

/** @param threads CPU threads; all cores if absent */
export function createNodeRuntime(threads: number = availableParallelism()): Promise<Runtime> {
  return openNodeRuntime(threads);
}
