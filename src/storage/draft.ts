/**
 * What is being painted, in IndexedDB, so that a reload, a crash or a tab that the browser put away does not lose it: one
 * draft for each time that the page was open, its picture written once, its mask with each change.
 */
import type { DBSchema } from 'idb';
import { z } from 'zod';
import { createDatabase } from './database';

const draftSchema = z.object({
  /** Of the time that the page was open. */
  id: z.string(),
  /** The picture's name. */
  name: z.string(),
  /** PNG, white on black, of the picture's size. */
  mask: z.instanceof(Blob),
  /** The frame that was chosen, in image pixels; null where it followed from the mask. */
  frame: z
    .object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })
    .nullable()
    .default(null),
  /** Milliseconds since 1970. */
  savedAt: z.number(),
});

export type Draft = z.infer<typeof draftSchema>;

export interface DraftStore {
  /** Newest first; what this version cannot read is left out. */
  list(): Promise<Draft[]>;
  /** @returns undefined where it is gone */
  picture(id: string): Promise<Blob | undefined>;
  /** @param picture absent where it is the one that was kept before */
  keep(draft: Draft, picture?: Blob): Promise<void>;
  remove(id: string): Promise<void>;
}

interface Schema extends DBSchema {
  drafts: { key: string; value: Draft };
  pictures: { key: string; value: Blob };
}

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
    picture: async (id) => (await database.open()).get('pictures', id),
    async keep(draft, picture) {
      const change = (await database.open()).transaction(['drafts', 'pictures'], 'readwrite');
      await Promise.all([
        change.objectStore('drafts').put(draft),
        picture && change.objectStore('pictures').put(picture, draft.id),
        change.done,
      ]);
    },
    async remove(id) {
      const change = (await database.open()).transaction(['drafts', 'pictures'], 'readwrite');
      await Promise.all([
        change.objectStore('drafts').delete(id),
        change.objectStore('pictures').delete(id),
        change.done,
      ]);
    },
  };
}
