/** The files that the local hub serves: they know their digests and give any range of their bytes. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

export interface HubFile {
  /** Relative to the repository's root, with slashes. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Kept as a large file: listed with its SHA-256 and served from the other origin. */
  readonly large: boolean;
  /** Hex: the SHA-256 of a large file, git's SHA-1 of the blob otherwise. */
  oid(): Promise<string>;
  /** The bytes `start` … `end` (exclusive), in pieces. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

export interface HubRepo {
  /** `owner/name`. */
  readonly id: string;
  readonly files: readonly HubFile[];
  /** Listed for all, served only to those who send this token. */
  readonly gatedBy?: string;
  /** What the model's card says in its head, e.g. its licence. */
  readonly card?: Readonly<Record<string, unknown>>;
  /** Neither listed nor served without this token: looks missing to everyone else. */
  readonly privateTo?: string;
}

const LARGE_KINDS = /\.(safetensors|bin|ckpt|pt|onnx|onnx_data|msgpack|h5)$/;
const LARGE_BYTES = 10_000_000;

function isLarge(path: string, size: number): boolean {
  return LARGE_KINDS.test(path) || size >= LARGE_BYTES;
}

/** Hashes what `read` gives, once, at first use. */
export function digestOnce(file: Pick<HubFile, 'size' | 'large' | 'read'>): () => Promise<string> {
  let digest: Promise<string> | undefined;
  const compute = async () => {
    const hash = createHash(file.large ? 'sha256' : 'sha1');
    // git hashes a blob with its own header: `blob`, the size and a zero byte.
    if (!file.large) hash.update(`blob ${file.size}\0`);
    for await (const piece of file.read(0, file.size)) hash.update(piece);
    return hash.digest('hex');
  };
  return () => {
    digest ??= compute();
    return digest;
  };
}

export function memoryFile(path: string, content: Uint8Array | string): HubFile {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const file = {
    path,
    size: bytes.byteLength,
    large: isLarge(path, bytes.byteLength),
    async *read(start: number, end: number) {
      yield bytes.subarray(start, end);
    },
  };
  return { ...file, oid: digestOnce(file) };
}

/** @param folder every file below it is served under its relative path */
export async function folderFiles(folder: string): Promise<HubFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(paths.sort().map((full) => diskFile(relative(folder, full).split(sep).join('/'), full)));
}

async function diskFile(path: string, full: string): Promise<HubFile> {
  const { size } = await stat(full);
  const file = {
    path,
    size,
    large: isLarge(path, size),
    async *read(start: number, end: number): AsyncIterable<Uint8Array> {
      if (end > start) yield* createReadStream(full, { start, end: end - 1, highWaterMark: 1 << 20 });
    },
  };
  return { ...file, oid: digestOnce(file) };
}

/** The same bytes under another path, for other layouts of one model. */
export function renamed(file: HubFile, path: string): HubFile {
  return { path, size: file.size, large: file.large, oid: file.oid, read: file.read };
}
