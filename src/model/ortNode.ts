/** Loads ONNX Runtime's WASM build where there are no URLs to fetch it from. */
import type { OrtModule } from './session';

export async function loadNodeOrt(threads: number): Promise<OrtModule> {
  const ort = await import('onnxruntime-web/wasm');
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return ort;
}
