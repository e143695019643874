/** The build of ONNX Runtime that browsers without JSPI get, under Node. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import type * as Ort from 'onnxruntime-web';

export async function loadAsyncifyOrt(): Promise<typeof Ort> {
  // Optimizing the huge functions that asyncify makes costs minutes of every core, which tests this short never win
  // back. (`--no-wasm-tier-up`, given at run time, does not prevent it.)
  setFlagsFromString('--liftoff-only');
  const ort = await import('onnxruntime-web/webgpu');
  const wasm = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm');
  const bytes = readFileSync(wasm);
  ort.env.wasm.wasmBinary = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  return ort;
}
