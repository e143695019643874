/** Images that the server hands out by URL for a limited time, stored in memory or in a folder. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isOutOfSpace } from '../../storage/weights';
import { Problem } from './http/problem';

export interface StoredFile {
  /** 128 random bits, base64url: anyone who knows it may read the file. */
  id: string;
  name: string;
  contentType: string;
  bytes: Uint8Array;
}

export interface FileStore {
  /** @param file with an id from `createFileId` if its URL was given out before; each file is put once */
  put(file: Omit<StoredFile, 'id'> & { id?: string }): Promise<{ id: string }>;
  /** @returns undefined if there is no such file, or it has expired */
  get(id: string): Promise<StoredFile | undefined>;
  /** Bytes held now. */
  readonly totalBytes: number;
}

export interface FileStoreOptions {
  keepMs: number;
  /** If all files together are larger, the oldest are removed. */
  maxBytes: number;
  now?: () => number;
  /** Writes a whole new file; tests pass one whose disk is full. */
  writeWhole?: (path: string, bytes: Uint8Array) => Promise<void>;
}

/** A file in the index. */
interface Entry {
  name: string;
  contentType: string;
  size: number;
  expiresAt: number;
}

interface Shelf {
  write(id: string, entry: Entry, bytes: Uint8Array): Promise<void>;
  read(id: string, entry: Entry): Promise<Uint8Array | undefined>;
  remove(id: string, entry: Entry): Promise<void>;
}

/** Files in memory, which end with the server. */
export function memoryFileStore(options: FileStoreOptions): FileStore {
  const held = new Map<string, Uint8Array>();
  return createStore(options, new Map(), {
    async write(id, _entry, bytes) {
      held.set(id, bytes);
    },
    read: async (id) => held.get(id),
    async remove(id) {
      held.delete(id);
    },
  });
}

/** Prefix of a file that is being written, so that a partial file is never served. */
const UNFINISHED = '.unfinished-';

/**
 * @param folder created if it is missing. Files of an earlier server are served until they expire; its partial files are
 *   removed
 */
export async function folderFileStore(folder: string, options: FileStoreOptions): Promise<FileStore> {
  const { keepMs, writeWhole = writeToDisk } = options;
  await mkdir(folder, { recursive: true });
  const pathOf = (id: string, { name }: Entry) => join(folder, `${id}.${name}`);
  const left: [id: string, entry: Entry][] = [];
  for (const fileName of await readdir(folder)) {
    const path = join(folder, fileName);
    const [, id, name] = /^([\w-]{22})\.([\w.-]+)$/.exec(fileName) ?? [];
    if (fileName.startsWith(UNFINISHED)) await remove(path);
    if (id === undefined || name === undefined) continue;
    const { size, mtimeMs } = await stat(path);
    left.push([id, { name, contentType: contentTypeOf(name), size, expiresAt: mtimeMs + keepMs }]);
  }
  const index = new Map(left.sort(([, a], [, b]) => a.expiresAt - b.expiresAt));
  return createStore(options, index, {
    async write(id, entry, bytes) {
      const beside = join(folder, `${UNFINISHED}${id}`);
      try {
        await writeWhole(beside, bytes);
        await rename(beside, pathOf(id, entry));
      } catch (error) {
        await remove(beside);
        throw isOutOfSpace(error) ? diskFull() : error;
      }
    },
    read: (id, entry) => readFile(pathOf(id, entry)).catch(() => undefined),
    remove: (id, entry) => remove(pathOf(id, entry)),
  });
}

/** Returns once the bytes are on the disk: a file that is renamed earlier may be empty after a power cut. */
async function writeToDisk(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

const remove = (path: string): Promise<void> => unlink(path).catch(() => {});

function diskFull(): Problem {
  const message =
    "The server's disk is full, so the image could not be stored. The operator can free space in the results folder " +
    '(--results) or keep results for a shorter time (--keep). Send the request again after that';
  return new Problem(507, message, { type: 'insufficient_storage' });
}

function createStore(options: FileStoreOptions, index: Map<string, Entry>, shelf: Shelf): FileStore {
  const { keepMs, maxBytes, now = Date.now } = options;
  let totalBytes = [...index.values()].reduce((sum, { size }) => sum + size, 0);

  const drop = async (id: string, entry: Entry): Promise<void> => {
    if (!index.delete(id)) return;
    totalBytes -= entry.size;
    await shelf.remove(id, entry);
  };
  /** A map keeps insertion order: the first are the oldest. */
  const sweep = async (): Promise<void> => {
    for (const [id, entry] of index)
      if (entry.expiresAt <= now() || totalBytes > maxBytes) await drop(id, entry);
  };
  setInterval(() => void sweep(), Math.min(60_000, Math.max(1000, keepMs / 2))).unref();

  return {
    get totalBytes() {
      return totalBytes;
    },
    async put({ id = createFileId(), name, contentType, bytes }) {
      const entry = { name: safeName(name), contentType, size: bytes.byteLength, expiresAt: now() + keepMs };
      await shelf.write(id, entry, bytes);
      index.set(id, entry);
      totalBytes += entry.size;
      await sweep();
      return { id };
    },
    async get(id) {
      const entry = index.get(id);
      if (entry === undefined) return undefined;
      if (entry.expiresAt <= now()) {
        await drop(id, entry);
        return undefined;
      }
      const bytes = await shelf.read(id, entry);
      return bytes && { id, name: entry.name, contentType: entry.contentType, bytes };
    },
  };
}

/** @returns 128 random bits, in base64url */
export function createFileId(): string {
  return randomBytes(16).toString('base64url');
}

/** Makes a name safe for paths and URLs. */
export function safeName(name: string): string {
  const safe = name
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(-80);
  return safe === '' ? 'picture' : safe;
}

function contentTypeOf(name: string): string {
  const types: Record<string, string> = {
    jpg: 'image/jpeg',
    jpeg: 'image/jpeg',
    png: 'image/png',
    webp: 'image/webp',
  };
  return types[name.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream';
}
