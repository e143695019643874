/** The page's own files, as the build lists them in the service worker, and the headers they are served with. */

export interface OwnFile {
  /** Relative to the service worker. */
  path: string;
  /** Of the contents, in base64. */
  sha256: string;
  /** The name changes with the contents. */
  hashed: boolean;
}

export interface OwnFiles {
  /** Names this build; index.html carries it as `<meta name="inlay-build">`. */
  build: string;
  /** Headers of every response. */
  headers: Readonly<Record<string, string>>;
  /** index.html itself: hosts that write into pages can't change it. */
  page: string;
  /** What else the page needs to open: fetched when the service worker is installed. */
  shell: OwnFile[];
  /** ONNX Runtime's wasm files and the starter model: fetched when they are first used. */
  large: OwnFile[];
}

/** Messages from the page to the service worker. Those with an answer come with a port. */
export type ToServiceWorker =
  /** Take over this page. Answer: `true`, or `false` if the page belongs to another build. */
  | { type: 'claim'; build: string }
  /** Store these large files for offline use. */
  | { type: 'keep'; group: LargeGroup }
  /** To the waiting version: replace the running one. Answer: whether it will; not while another tab runs that one. */
  | { type: 'switch' };

/** Files for the CPU; for WebGPU, with the CPU as its fallback; the starter model. */
export type LargeGroup = 'wasm' | 'webgpu' | 'starter';

/** @param jspi whether this browser has it: src/model/runtime/ortBrowser.ts chooses by the same */
export function isOfGroup(path: string, group: LargeGroup, jspi: boolean): boolean {
  if (group === 'starter') return path.startsWith('models/starter/');
  const name = /ort-wasm-simd-threaded(\.jspi|\.asyncify)?(-[\w-]{8})?\.wasm(\.\d)?$/.exec(path);
  if (name === null) return false;
  const build = name[1] ?? 'plain';
  return build === 'plain' || (group === 'webgpu' && build === (jspi ? '.jspi' : '.asyncify'));
}

/** Whether the build's list is complete for this path: what it lacks doesn't exist. */
export function isListedWhole(path: string): boolean {
  return isOfGroup(path, 'starter', false);
}

/** A file's name across builds: its path without the part that changes with the contents. */
export function roleOf(path: string): string {
  return path.replace(/-[\w-]{8}(?=\.\w+(\.\d)?$)/, '');
}

/** The same response with the page's own headers, for hosts that can't set headers. */
export function withHeaders(
  response: Response,
  own: Readonly<Record<string, string>>,
  body: BodyInit | null = response.body,
): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(own)) headers.set(name, value);
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  return new Response(body, { status: response.status, statusText: response.statusText, headers });
}
