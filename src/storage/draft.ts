/**
 * Drafts in IndexedDB: one for each tab, so that no work is lost by a reload, a crash, or a browser that discards the tab.
 * Each image of a draft is written once, its mask with every change.
 */
import type { DBSchema } from 'idb';
import { z } from 'zod';
import { type KeptBlob, keptBlobSchema, toBlob, writeBlobs } from './blobs';
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
  /** Its entry in the gallery; null if it has none. */
  galleryId: z.number().int().nullable(),
  /** Whether the draft contains its file. */
  isKept: z.boolean(),
});

const draftSchema = z.object({
  /** The tab's id. */
  id: z.string(),
  /** The image's name. */
  name: z.string(),
  /** PNG, white on black, as large as the image; null if nothing is masked. */
  mask: keptBlobSchema.nullable(),
  /** The chosen frame, in image pixels; null if it follows the mask. */
  frame: pointSchema.extend({ width: z.number(), height: z.number() }).nullable(),
  /** The image's versions, and the one that the canvas shows for painting. */
  versions: z.array(versionSchema),
  baseId: z.number().int(),
  /** The version on display. Fields with a default are missing from drafts of older versions of the page. */
  shownId: z.number().int().nullable().default(null),
  prompt: z.string(),
  negativePrompt: z.string(),
  /** All fields of the panel, and the names of those that the user has set. */
  settings: z.record(z.string(), z.unknown()).default({}),
  byHand: z.array(z.string()).default([]),
  /** Whether the user put it aside to start again; then it is not restored unasked. */
  isAside: z.boolean().default(false),
  /** Milliseconds since 1970. */
  savedAt: z.number(),
});

export type Draft = z.infer<typeof draftSchema>;
export type DraftVersion = z.infer<typeof versionSchema>;

export interface DraftStore {
  /** Newest first. Drafts that this version of the page can't read are left out. */
  list(): Promise<Draft[]>;
  /** The file of a version in the draft. @returns undefined if it is gone */
  picture(id: string, version: number): Promise<Blob | undefined>;
  /** @param pictures the new files, by version; files that the draft no longer contains are deleted */
  keep(draft: Draft, pictures: ReadonlyMap<number, Blob>): Promise<void>;
  remove(id: string): Promise<void>;
}

interface Schema extends DBSchema {
  drafts: { key: string; value: Omit<Draft, 'mask'> & { mask: KeptBlob | null } };
  pictures: { key: string; value: KeptBlob };
}

/** Its calls reject if the browser stores nothing for the page, as in some private windows. */
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
    async picture(id, version) {
      const kept = await (await database.open()).get('pictures', keyOf(id, version));
      return kept && toBlob(kept);
    },
    async keep(draft, pictures) {
      const { mask } = draft;
      const db = await database.open();
      await writeBlobs([...pictures.values(), ...(mask === null ? [] : [mask])], async (form) => {
        const change = db.transaction(['drafts', 'pictures'], 'readwrite');
        const files = change.objectStore('pictures');
        const own = draft.versions.filter(({ isKept }) => isKept);
        const wanted = new Set(own.map((version) => keyOf(draft.id, version.id)));
        const there = await files.getAllKeys(rangeOf(draft.id));
        await Promise.all([
          change.objectStore('drafts').put({ ...draft, mask: mask && form(mask) }),
          ...there.filter((key) => !wanted.has(key)).map((key) => files.delete(key)),
          ...[...pictures].map(([version, file]) => files.put(form(file), keyOf(draft.id, version))),
          change.done,
        ]);
      });
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
