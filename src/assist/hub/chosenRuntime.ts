/**
 * The ONNX Runtime that transformers.js gets. Its own import of `onnxruntime-web/webgpu` would bring a second build, and take
 * its files from a CDN: the page's build leads that import to libraryRuntime.ts (vite.transformers.ts).
 */
import type { OrtModule } from '../../model/runtime/session';

let chosen: OrtModule | undefined;

/** Called before transformers.js is imported. */
export function chooseRuntime(ort: OrtModule): void {
  chosen = ort;
}

/** @throws Error if transformers.js was imported before a runtime was chosen */
export function chosenRuntime(): OrtModule {
  if (chosen === undefined) throw new Error('transformers.js was imported before its runtime was chosen');
  return chosen;
}
