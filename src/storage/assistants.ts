/**
 * The files of assistant models (they select, they do not paint), in the same store as the models that paint, so that
 * "Manage models" lists and deletes all of them in one place.
 *
 * Use, in a worker of the page or in Node:
 *
 *     const files = assistantFiles(weightStoreHere(), { id: 'clipseg', title: 'CLIPSeg', does: 'Select by name', … });
 *     const kept = await files.read(url);                       // undefined: fetch it
 *     await files.write(url, response.body, { signal, size });  // counts once it is whole
 *
 * A key is any string: a path, or the URL that a library caches by. Nothing more is needed to be listed and deleted: after
 * a deletion, `read` gives undefined. The store's own files are `asset.json` and `files/0`, `files/1`, … in a folder.
 */
import { z } from 'zod';
import type { ModelFolder, WeightStore } from './weights';

const RECORD = 'asset.json';
/** Raised when newer code can no longer read what is stored: files are then fetched again. */
const VERSION = 1;
/** More than any model has; a library that never stops adding keys must not fill the record. */
const MAX_FILES = 256;
/** As many characters as the name of a model. */
const MAX_KEY_LENGTH = 2048;

const aboutSchema = z.object({
  /** Its name in code and on the Hub, if it is from there: `Xenova/clipseg-rd64-refined`. */
  id: z.string(),
  /** As "Manage models" shows it. */
  title: z.string(),
  /** What it is for, in a few words: `Select by click`. */
  does: z.string(),
  /** Where it comes from, as its card says. */
  location: z.string(),
  licence: z.string().optional(),
});
export type AssistantAbout = z.infer<typeof aboutSchema>;

const bytes = z.number().int().nonnegative();
const recordSchema = z.object({
  version: z.literal(VERSION),
  about: aboutSchema,
  /** The whole files, by key. */
  files: z.record(z.string(), z.object({ path: z.string(), size: bytes })),
});
type AssetRecord = z.infer<typeof recordSchema>;

export interface AssistantFiles {
  /** Opens a file without reading it. @returns undefined if it is not stored whole */
  read(key: string): Promise<Blob | undefined>;
  /**
   * Stores a file, piece by piece; one at a time for each assistant, over all tabs. Call it only in a dedicated worker or
   * in Node.
   * @param call `size`: bytes that must arrive, if known
   * @throws AbortError; Error if fewer or more bytes arrive; QuotaExceededError (`isOutOfSpace`) if the disk is full.
   *   Nothing of the file counts then.
   */
  write(
    key: string,
    body: ReadableStream<Uint8Array> | Blob,
    call: { signal: AbortSignal; size?: number },
  ): Promise<void>;
}

export function assistantFiles(store: WeightStore, about: AssistantAbout): AssistantFiles {
  const name = folderName(about.id);
  const folder = store.model(name);
  return {
    async read(key) {
      const entry = (await readRecord(folder))?.files[key];
      if (entry === undefined) return undefined;
      const blob = await folder.open(entry.path);
      // Cut short by a crash or by the browser.
      return blob?.size === entry.size ? blob : undefined;
    },
    async write(key, body, { signal, size }) {
      if (key.length > MAX_KEY_LENGTH) throw new TypeError(`a key of ${key.length} characters is too long`);
      const stream = body instanceof Blob ? body.stream() : body;
      await store.exclusively(
        name,
        signal,
        () => {},
        async () => {
          const before = (await readRecord(folder)) ?? { version: VERSION, about, files: {} };
          const { [key]: replaced, ...others } = before.files;
          if (Object.keys(others).length >= MAX_FILES)
            throw new RangeError(`${about.title} has ${MAX_FILES} stored files, no more are taken`);
          const path = replaced?.path ?? freePath(Object.values(others));
          // The folder has a record from the first byte on: what has none is cleared away.
          await writeRecord(folder, { version: VERSION, about, files: others });
          const stored = await writeFile(folder, path, stream, signal, size);
          const files = { ...others, [key]: { path, size: stored } };
          await writeRecord(folder, { version: VERSION, about, files });
        },
      );
    },
  };
}

/** An assistant in the store. */
export interface StoredAssistant {
  about: AssistantAbout;
  /** Bytes of its whole files. */
  storedBytes: number;
}

/** @param folder a name of {@link WeightStore.models} @returns undefined if it holds no assistant */
export async function storedAssistant(
  store: WeightStore,
  folder: string,
): Promise<StoredAssistant | undefined> {
  const record = await readRecord(store.model(folder));
  if (record === undefined) return undefined;
  const storedBytes = Object.values(record.files).reduce((sum, { size }) => sum + size, 0);
  return { about: record.about, storedBytes };
}

/** @returns whether the folder has an assistant's record, even by another version */
export async function isAssistant(folder: ModelFolder): Promise<boolean> {
  return (await folder.readText(RECORD)) !== undefined;
}

/** After that, the rest of the folder belongs to no assistant. */
export async function forgetAssistant(folder: ModelFolder): Promise<void> {
  await folder.remove(RECORD);
}

/** @returns the bytes that were written */
async function writeFile(
  folder: ModelFolder,
  path: string,
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  size: number | undefined,
): Promise<number> {
  const reader = stream.getReader();
  const stop = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener('abort', stop, { once: true });
  const writer = await folder.writer(path);
  let at = 0;
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) break;
      if (size !== undefined && at + value.byteLength > size)
        throw new Error(`more than the ${size} bytes that were announced arrived`);
      await writer.write(value, at);
      at += value.byteLength;
    }
    if (size !== undefined && at !== size) throw new Error(`${at} of ${size} bytes arrived`);
    await writer.truncate(at);
    await writer.flush();
    return at;
  } finally {
    signal.removeEventListener('abort', stop);
    await writer.close();
    // Whoever sends it need not go on.
    await reader.cancel().catch(() => {});
  }
}

function freePath(taken: readonly { path: string }[]): string {
  for (let number = 0; ; number++) {
    const path = `files/${number}`;
    if (!taken.some((file) => file.path === path)) return path;
  }
}

/** Readable, and no model's: their folders end in a hash and a precision. */
function folderName(id: string): string {
  return `assistant-${id.replace(/[^\w.-]+/g, '_').slice(0, 120)}`;
}

async function readRecord(folder: ModelFolder): Promise<AssetRecord | undefined> {
  const text = await folder.readText(RECORD);
  if (text === undefined) return undefined;
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON: torn by a crash of a browser that cannot replace files in one step.
    return undefined;
  }
}

function writeRecord(folder: ModelFolder, record: AssetRecord): Promise<void> {
  return folder.writeText(RECORD, JSON.stringify(record));
}
