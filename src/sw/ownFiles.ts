/** The page's own files, as the build lists them in the service worker, and the headers they are answered with. */

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
  /** What every file is answered with. */
  headers: Readonly<Record<string, string>>;
  /** index.html itself: hosts that write into pages cannot change what this one opens with. */
  page: string;
  /** What the page needs to open besides: brought when the service worker is installed. */
  shell: OwnFile[];
  /** ONNX Runtime's wasm files and the embedded model: brought when they are first used. */
  large: OwnFile[];
}

/** What the page asks of the service worker. Those with an answer are sent with a port. */
export type ToServiceWorker =
  /** Take this page over. Answer: `true`, or `false` where the page belongs to another build. */
  | { type: 'claim'; build: string }
  /** Keep these large files for a time without a network. */
  | { type: 'keep'; group: LargeGroup }
  /** To the waiting one: replace the version that runs. Answer: whether it will; not while another tab runs it. */
  | { type: 'switch' };

/** What runs on the CPU; what runs on WebGPU, and on the CPU where that fails; the embedded model. */
export type LargeGroup = 'wasm' | 'webgpu' | 'starter';

/** @param jspi whether this browser has it: src/model/runtime/ortBrowser.ts chooses by the same */
export function isOfGroup(path: string, group: LargeGroup, jspi: boolean): boolean {
  if (group === 'starter') return path.startsWith('models/starter/');
  const name = /ort-wasm-simd-threaded(\.jspi|\.asyncify)?(-[\w-]{8})?\.wasm(\.\d)?$/.exec(path);
  if (name === null) return false;
  const build = name[1] ?? 'plain';
  return build === 'plain' || (group === 'webgpu' && build === (jspi ? '.jspi' : '.asyncify'));
}

/** Whether the build's list is complete for this path: what it lacks there does not exist. */
export function isListedWhole(path: string): boolean {
  return isOfGroup(path, 'starter', false);
}

/** What a file is in every build: its path without the part that changes with the contents. */
export function roleOf(path: string): string {
  return path.replace(/-[\w-]{8}(?=\.\w+(\.\d)?$)/, '');
}

/** The same answer with the page's own headers, for hosts that cannot set headers. */
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
