/** Loads ONNX Runtime's WASM build under Node: the package's own entry for Node, which reads its files from the disk. */
import type { OrtModule } from './session';

/** @param threads CPU threads */
export async function loadNodeOrt(threads: number): Promise<OrtModule> {
  const ort = await import('onnxruntime-web');
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return ort;
}
