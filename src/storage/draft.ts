/**
 * What is being painted, in IndexedDB, so that a reload, a crash or a tab that the browser put away does not lose it: one
 * draft for each time that the page was open, its picture written once, its mask with each change.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { z } from 'zod';

const draftSchema = z.object({
  /** Of the time that the page was open. */
  id: z.string(),
  /** The picture's name. */
  name: z.string(),
  /** PNG, white on black, of the picture's size. */
  mask: z.instanceof(Blob),
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
  let opened: Promise<IDBPDatabase<Schema>> | null = null;
  const database = () => {
    opened ??= openDB<Schema>('inlay-drafts', 1, {
      upgrade(db) {
        db.createObjectStore('drafts', { keyPath: 'id' });
        db.createObjectStore('pictures');
      },
      // A newer version of the page waits in another tab: the next call opens anew.
      blocking(_current, _next, event) {
        opened = null;
        (event.target as IDBDatabase).close();
      },
      terminated() {
        opened = null;
      },
    });
    opened.catch(() => {
      opened = null;
    });
    return opened;
  };
  return {
    async list() {
      const kept = await (await database()).getAll('drafts');
      return kept
        .flatMap((draft) => {
          const parsed = draftSchema.safeParse(draft);
          return parsed.success ? [parsed.data] : [];
        })
        .sort((a, b) => b.savedAt - a.savedAt);
    },
    picture: async (id) => (await database()).get('pictures', id),
    async keep(draft, picture) {
      const change = (await database()).transaction(['drafts', 'pictures'], 'readwrite');
      await Promise.all([
        change.objectStore('drafts').put(draft),
        picture && change.objectStore('pictures').put(picture, draft.id),
        change.done,
      ]);
    },
    async remove(id) {
      const change = (await database()).transaction(['drafts', 'pictures'], 'readwrite');
      await Promise.all([
        change.objectStore('drafts').delete(id),
        change.objectStore('pictures').delete(id),
        change.done,
      ]);
    },
  };
}
