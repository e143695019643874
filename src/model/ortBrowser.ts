/**
 * Loads the build of ONNX Runtime that suits the browser, from the app's own files: with JSPI where the
 * browser has it, with asyncify elsewhere, and the plain WASM build where there is no WebGPU.
 */
import asyncifyModule from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncifyWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import jspiModule from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url';
import jspiWasm from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import plainModule from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import plainWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { Provider } from '../graph/types';
import type { OrtModule } from './session';

/** More threads than this gain nothing and starve the page. */
const MAX_THREADS = 8;

/** CPU threads that WASM may use: one where the page is not cross-origin isolated. */
export function wasmThreads(): number {
  return crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MAX_THREADS) : 1;
}

export async function loadBrowserOrt(provider: Provider): Promise<OrtModule> {
  const ort = await importBuild(provider);
  ort.env.logLevel = 'error';
  // Under WebGPU the CPU only feeds the GPU: threads would be started for nothing.
  ort.env.wasm.numThreads = provider === 'webgpu' ? 1 : wasmThreads();
  return ort;
}

async function importBuild(provider: Provider): Promise<OrtModule> {
  if (provider === 'wasm') {
    return located(await import('onnxruntime-web/wasm'), plainModule, plainWasm);
  }
  return 'Suspending' in WebAssembly
    ? located(await import('onnxruntime-web/jspi'), jspiModule, jspiWasm)
    : located(await import('onnxruntime-web/webgpu'), asyncifyModule, asyncifyWasm);
}

function located(ort: OrtModule, module: string, wasm: string): OrtModule {
  ort.env.wasm.wasmPaths = {
    mjs: new URL(module, import.meta.url).href,
    wasm: new URL(wasm, import.meta.url).href,
  };
  return ort;
}
