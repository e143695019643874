/** ONNX Runtime's WASM build under Node: the package's own entry for Node, which reads its files from the disk. */
import { wasmTarget } from '../../graph/onnx/targets';
import { Runtime } from './session';

/** The counterpart of `openBrowserRuntime`. @param threads CPU threads */
export async function openNodeRuntime(threads: number): Promise<Runtime> {
  const ort = await import('onnxruntime-web');
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return new Runtime(ort, wasmTarget);
}
