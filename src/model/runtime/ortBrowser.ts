/**
 * Loads the build of ONNX Runtime that suits the browser, from the app's own files: with JSPI if the
 * browser has it, else with asyncify, and the plain WASM build if there is no WebGPU.
 */
import asyncifyModule from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncifyWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import jspiModule from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url';
import jspiWasm from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import plainModule from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import plainWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { cpuThreads } from '../../contract/cpuThreads';
import { NetworkError } from '../../contract/errors';
import type { Provider } from '../../graph/onnx/types';
import { partsOf } from './ortParts';
import type { OrtModule } from './session';

/** CPU threads that WASM may use: one if the page is not cross-origin isolated. */
export function wasmThreads(): number {
  return crossOriginIsolated ? cpuThreads(navigator) : 1;
}

/** @throws NetworkError if a part of a build cannot be fetched */
export async function loadBrowserOrt(provider: Provider): Promise<OrtModule> {
  const ort = await importBuild(provider);
  ort.env.logLevel = 'error';
  // Under WebGPU the CPU only feeds the GPU: threads would be useless.
  ort.env.wasm.numThreads = provider === 'webgpu' ? 1 : wasmThreads();
  return ort;
}

async function importBuild(provider: Provider): Promise<OrtModule> {
  if (provider === 'wasm') {
    return located(await import('onnxruntime-web/wasm'), plainModule, plainWasm);
  }
  return 'Suspending' in WebAssembly
    ? located(await import('onnxruntime-web/jspi'), jspiModule, jspiWasm)
    : located(await import('onnxruntime-web/webgpu'), asyncifyModule, await joined(asyncifyWasm));
}

/** The largest build, which is published in parts. @returns the URL of the whole */
async function joined(wasm: string): Promise<string> {
  // The development server serves it whole.
  if (!import.meta.env.PROD) return wasm;
  const parts = partsOf(new URL(wasm, import.meta.url).href).map(async (url) => {
    const response = await fetch(url).catch(() => undefined);
    if (!response?.ok)
      throw new NetworkError(`${url} could not be fetched; check the network and reload the page`);
    return response.blob();
  });
  // Kept as long as the worker lives, since ONNX Runtime does not say when it has read it; with the right type it is
  // compiled while it is read.
  return URL.createObjectURL(new Blob(await Promise.all(parts), { type: 'application/wasm' }));
}

function located(ort: OrtModule, module: string, wasm: string): OrtModule {
  ort.env.wasm.wasmPaths = {
    mjs: new URL(module, import.meta.url).href,
    wasm: new URL(wasm, import.meta.url).href,
  };
  return ort;
}
