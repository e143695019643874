/** What is recorded about a model in its folder: how far an unfinished one got, and what a finished one holds. */
import { z } from 'zod';
import type { Precision } from '../../graph/onnx/types';
import type { ModelFolder } from '../../storage/weights';

/** Raised when newer code can no longer read what is stored. */
const VERSION = 2;
/** Version of the journals: when it is raised, unfinished models start again. */
const JOURNAL_VERSION = 3;
const JOURNAL = 'unfinished.json';
const MANIFEST = 'model.json';

const bytes = z.number().int().nonnegative();
const shardSchema = z.object({
  path: z.string(),
  size: bytes,
  /** XXH3-128 in hex; present once every byte is stored. */
  digest: z.string(),
});
export type StoredShard = z.infer<typeof shardSchema>;

const fileStateSchema = z.object({
  /** The source: its digest if the server gives one, and its length. */
  identity: z.string(),
  /** Bytes of the source. */
  size: bytes,
  /** ETag or date of the version that was fetched; not needed if the listing gives a digest. */
  validator: z.string().optional(),
  /** What the shards depend on: a digest of the source's headers, and the shards' own sizes. */
  layout: z.string(),
  /** Of every shard that is or may be begun. */
  paths: z.array(z.string()),
  progress: z
    .object({
      /** Bytes of the source that are safe. */
      position: bytes,
      /** Inner state of the source's SHA-256 after them, in base64; absent if there is nothing to compare with. */
      sha256State: z.string().optional(),
      shards: z.array(z.object({ path: z.string(), size: bytes, position: bytes, digestState: z.string() })),
    })
    .optional(),
  /** The source's shards, once it was verified. */
  done: z.array(shardSchema).optional(),
  /**
   * Shards that were found damaged or missing after they were stored: only these are fetched again, and must then be the
   * same.
   */
  lost: z.array(shardSchema).optional(),
});
export type FileState = z.infer<typeof fileStateSchema>;

const precision = z.enum(['fp16', 'fp32']);
const journalSchema = z.object({
  version: z.literal(JOURNAL_VERSION),
  /** What the finished model will be, for the user; absent before anything is stored. */
  model: z
    .object({
      name: z.string(),
      location: z.string(),
      licence: z.string().optional(),
      precision,
      downloadBytes: bytes,
    })
    .optional(),
  files: z.record(z.string(), fileStateSchema),
});
export type Journal = z.infer<typeof journalSchema>;

const manifestSchema = z.object({
  version: z.literal(VERSION),
  /** What the user typed. */
  name: z.string(),
  location: z.string(),
  commit: z.string().optional(),
  /** As its page on the Hub names it. */
  licence: z.string().optional(),
  precision,
  notes: z.array(z.string()),
  /** Bytes of its sources. */
  downloadBytes: bytes,
  /** Bytes on the disk. */
  storedBytes: bytes,
  /** What the shards were made from, by path: only the lost parts of it are fetched again. */
  sources: z.record(z.string(), fileStateSchema),
  components: z.record(z.string(), z.object({ precision, shards: z.array(shardSchema) })),
  /** Paths of configurations and tokenizers, kept under `files/`. */
  files: z.array(z.string()),
  /** The XXH3-128 of each, in hex. */
  textDigests: z.record(z.string(), z.string()).optional(),
  /** For a model with LoRAs in its weights: the key of the model without them. */
  mergedFrom: z.string().optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** @returns an empty one if there isn't one, or if a crash left it torn */
export async function readJournal(folder: ModelFolder): Promise<Journal> {
  const parsed = journalSchema.safeParse(await readJson(folder, JOURNAL));
  return parsed.success ? parsed.data : { version: JOURNAL_VERSION, files: {} };
}

/** Source bytes of weights that need not be fetched again. */
export function receivedBytes({ files }: Journal): number {
  return Object.values(files).reduce((sum, { done, lost = [], size, progress }) => {
    if (done === undefined) return sum + (progress?.position ?? 0);
    const whole = bytesOf([...done, ...lost]);
    return sum + (whole === 0 ? size : Math.round((size * bytesOf(storedOf({ done, progress }))) / whole));
  }, 0);
}

/** Bytes that they take on the disk. */
export function unfinishedBytes({ files }: Journal): number {
  return bytesOf(Object.values(files).flatMap(storedOf));
}

/** The parts of a source that are on the disk. */
export function storedOf({ done = [], progress }: Pick<FileState, 'done' | 'progress'>): { size: number }[] {
  return [...done, ...(progress?.shards.map(({ position }) => ({ size: position })) ?? [])];
}

function bytesOf(parts: readonly { size: number }[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

/** Replaces the earlier record, in one step. */
export function writeJournal(folder: ModelFolder, journal: Journal): Promise<void> {
  return folder.writeText(JOURNAL, JSON.stringify(journal));
}

/** @returns undefined if the model is not finished, or was stored by an older version */
export async function readManifest(folder: ModelFolder): Promise<Manifest | undefined> {
  return manifestSchema.safeParse(await readJson(folder, MANIFEST)).data;
}

/** From here on the model counts as stored. */
export async function writeManifest(
  folder: ModelFolder,
  manifest: Omit<Manifest, 'version'>,
): Promise<Manifest> {
  const full = { version: VERSION, ...manifest } as const;
  await folder.writeText(MANIFEST, JSON.stringify(full));
  await folder.remove(JOURNAL);
  return full;
}

/**
 * Turns a finished model back into an unfinished one that lacks one file; everything else stays.
 * @param path of a shard, or of a small file, which are all fetched again anyway
 */
export async function reopenJournal(folder: ModelFolder, manifest: Manifest, path: string): Promise<void> {
  const { name, location, licence, precision, downloadBytes } = manifest;
  const files = Object.entries(manifest.sources).map(([source, state]): [string, FileState] => {
    const { done = [], lost = [] } = state;
    const now = done.filter((shard) => shard.path === path);
    if (now.length === 0) return [source, state];
    return [source, { ...state, done: done.filter((shard) => shard.path !== path), lost: [...lost, ...now] }];
  });
  const model = { name, location, licence, precision, downloadBytes };
  // In this order: wherever it is interrupted, the model is never considered complete without the file.
  await writeJournal(folder, { version: JOURNAL_VERSION, model, files: Object.fromEntries(files) });
  await folder.remove(MANIFEST);
  await folder.remove(path);
}

/** @returns whether the folder has a record of its content, even by another version */
export async function isDescribed(folder: ModelFolder): Promise<boolean> {
  return (await folder.readText(MANIFEST)) !== undefined || (await folder.readText(JOURNAL)) !== undefined;
}

/** After that, the rest of the folder belongs to no model. */
export async function forgetDescription(folder: ModelFolder): Promise<void> {
  await folder.remove(MANIFEST);
  await folder.remove(JOURNAL);
}

async function readJson(folder: ModelFolder, path: string): Promise<unknown> {
  const text = await folder.readText(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The name of a model's folder: readable, and different for every revision and precision. */
export function storedName(key: string, precision: Precision): string {
  const readable = key.replace(/[^\w.-]+/g, '_').slice(0, 80);
  // FNV-1a: similar names must not share a folder.
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `${readable}-${hash.toString(16).padStart(8, '0')}-${precision}`;
}
