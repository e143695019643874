/**
 * What is being painted, in IndexedDB, so that a reload, a crash or a tab that the browser put away does not lose it: one
 * draft for each tab, each of its pictures written once, its mask with each change.
 */
import type { DBSchema } from 'idb';
import { z } from 'zod';
import { createDatabase } from './database';

const pointSchema = z.object({ x: z.number(), y: z.number() });

const versionSchema = z.object({
  id: z.number().int(),
  parentId: z.number().int().nullable(),
  prompt: z.string(),
  seed: z.number().nullable(),
  modelName: z.string().nullable(),
  seconds: z.number().nullable(),
  batch: z.number().int().nullable(),
  origin: pointSchema,
  width: z.number(),
  height: z.number(),
  /** Its entry in the gallery; null where it has none. */
  galleryId: z.number().int().nullable(),
  /** Whether the draft keeps its file. */
  isKept: z.boolean(),
});

const draftSchema = z.object({
  /** Of the tab. */
  id: z.string(),
  /** The picture's name. */
  name: z.string(),
  /** PNG, white on black, of the picture's size; null where nothing was painted. */
  mask: z.instanceof(Blob).nullable(),
  /** The frame that was chosen, in image pixels; null where it followed from the mask. */
  frame: pointSchema.extend({ width: z.number(), height: z.number() }).nullable(),
  /** The picture's versions, and which of them is painted on. */
  versions: z.array(versionSchema),
  baseId: z.number().int(),
  /** Which of them is looked at. Former versions of the page did not keep it, nor what follows with a default. */
  shownId: z.number().int().nullable().default(null),
  prompt: z.string(),
  negativePrompt: z.string(),
  /** All fields of the panel, and which of them were set by hand. */
  settings: z.record(z.string(), z.unknown()).default({}),
  byHand: z.array(z.string()).default([]),
  /** Whether the person put it away to start anew: it is not brought back unasked. */
  isAside: z.boolean().default(false),
  /** Milliseconds since 1970. */
  savedAt: z.number(),
});

export type Draft = z.infer<typeof draftSchema>;
export type DraftVersion = z.infer<typeof versionSchema>;

export interface DraftStore {
  /** Newest first; what this version cannot read is left out. */
  list(): Promise<Draft[]>;
  /** The file of a version that the draft keeps. @returns undefined where it is gone */
  picture(id: string, version: number): Promise<Blob | undefined>;
  /** @param pictures by version: those that were not kept before; what the draft no longer keeps is deleted */
  keep(draft: Draft, pictures: ReadonlyMap<number, Blob>): Promise<void>;
  remove(id: string): Promise<void>;
}

interface Schema extends DBSchema {
  drafts: { key: string; value: Draft };
  pictures: { key: string; value: Blob };
}

/** Its calls reject where the browser keeps nothing for the page, as in a private window. */
export function createDraftStore(): DraftStore {
  const database = createDatabase<Schema>('inlay-drafts', (db) => {
    db.createObjectStore('drafts', { keyPath: 'id' });
    db.createObjectStore('pictures');
  });
  return {
    async list() {
      const kept = await (await database.open()).getAll('drafts');
      return kept
        .flatMap((draft) => {
          const parsed = draftSchema.safeParse(draft);
          return parsed.success ? [parsed.data] : [];
        })
        .sort((a, b) => b.savedAt - a.savedAt);
    },
    picture: async (id, version) => (await database.open()).get('pictures', keyOf(id, version)),
    async keep(draft, pictures) {
      const change = (await database.open()).transaction(['drafts', 'pictures'], 'readwrite');
      const files = change.objectStore('pictures');
      const own = draft.versions.filter(({ isKept }) => isKept);
      const wanted = new Set(own.map((version) => keyOf(draft.id, version.id)));
      const there = await files.getAllKeys(rangeOf(draft.id));
      await Promise.all([
        change.objectStore('drafts').put(draft),
        ...there.filter((key) => !wanted.has(key)).map((key) => files.delete(key)),
        ...[...pictures].map(([version, file]) => files.put(file, keyOf(draft.id, version))),
        change.done,
      ]);
    },
    async remove(id) {
      const change = (await database.open()).transaction(['drafts', 'pictures'], 'readwrite');
      await Promise.all([
        change.objectStore('drafts').delete(id),
        change.objectStore('pictures').delete(rangeOf(id)),
        change.done,
      ]);
    },
  };
}

const keyOf = (id: string, version: number) => `${id}/${version}`;
const rangeOf = (id: string) => IDBKeyRange.bound(`${id}/`, `${id}/\uffff`);
