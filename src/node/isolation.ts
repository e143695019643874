/** Cross-origin isolation: with these headers the page has SharedArrayBuffer, hence WASM threads. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
