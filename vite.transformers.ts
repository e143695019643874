/**
 * One ONNX Runtime in the build: what transformers.js imports is the one that the worker chose
 * (docs/decisions/0033-transformers-js.md).
 */
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const OURS = fileURLToPath(new URL('src/assist/hub/libraryRuntime.ts', import.meta.url));
const THEIRS = ['onnxruntime-web/webgpu', 'onnxruntime-common'];

/** Vite runs a plugin for workers of its own: the configuration names it twice. */
export function oneRuntime(): Plugin {
  return {
    name: 'inlay-one-runtime',
    enforce: 'pre',
    resolveId(source, importer) {
      const isLibrary = importer?.replaceAll('\\', '/').includes('/@huggingface/transformers/');
      return isLibrary && THEIRS.includes(source) ? OURS : null;
    },
  };
}
