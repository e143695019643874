/**
 * Files too large for hosts that allow 25 MiB a file, such as Cloudflare Pages: the build cuts them, the page puts them
 * together. In Inlay that is ONNX Runtime's build for browsers without JSPI.
 */
export const PARTS = 2;

/** @param path of a file of the build */
export function isCut(path: string): boolean {
  return /ort-wasm-simd-threaded\.asyncify(-[\w-]{8})?\.wasm$/.test(path);
}

/** The names of a file's parts, in order. */
export function partsOf(path: string): string[] {
  return Array.from({ length: PARTS }, (_, part) => `${path}.${part}`);
}
