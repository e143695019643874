/** The gallery in IndexedDB: every result as a small entry with a thumbnail, and its image in a store beside it. */
import type { DBSchema, IDBPDatabase } from 'idb';
import { z } from 'zod';
import { type Recipe, recipeSchema } from '../contract/recipe';
import { type KeptBlob, keptBlobSchema, toBlob, writeBlobs } from './blobs';
import { createDatabase, DatabaseBusyError } from './database';
import { freeRoom } from './freeRoom';

export interface GalleryItem {
  /** Grows with time. */
  id: number;
  recipe: Recipe;
  /** A small encoded image. */
  thumbnail: Blob;
  /** Image and thumbnail together. */
  bytes: number;
}

export interface GalleryStorage {
  usedBytes: number;
  /** Bytes that this page may still store; absent if the browser does not say. */
  freeBytes?: number;
}

/** The gallery could not do something. The message says what to do about it. */
export class GalleryError extends Error {
  override name = 'GalleryError';
}

export interface GalleryStore {
  /** @param picture a PNG @returns the new entry's id */
  add(recipe: Recipe, picture: Blob, thumbnail: Blob): Promise<number>;
  /** Newest first. */
  list(): Promise<GalleryItem[]>;
  /** @throws GalleryError if it was deleted */
  picture(id: number): Promise<Blob>;
  remove(id: number): Promise<void>;
  /** Puts a removed entry back, with its former id. */
  restore(item: GalleryItem, picture: Blob): Promise<void>;
  clear(): Promise<void>;
  storage(): Promise<GalleryStorage>;
}

interface Schema extends DBSchema {
  entries: {
    key: number;
    value: Omit<GalleryItem, 'id' | 'thumbnail'> & { id?: number; thumbnail: KeptBlob };
  };
  pictures: { key: number; value: KeptBlob };
}

const NAME = 'inlay-gallery';
const entrySchema = z.object({
  id: z.number().int(),
  recipe: recipeSchema,
  thumbnail: keptBlobSchema,
  bytes: z.number(),
});

/** @param estimate the browser's estimate of the page's storage; WebKitGTK gives none */
export function createGalleryStore(
  estimate: () => Promise<StorageEstimate> = async () =>
    (await (navigator.storage as StorageManager | undefined)?.estimate()) ?? {},
): GalleryStore {
  const database = createDatabase<Schema>(NAME, (db) => {
    db.createObjectStore('entries', { keyPath: 'id', autoIncrement: true });
    db.createObjectStore('pictures');
  });

  const use = async <Result>(work: (db: IDBPDatabase<Schema>) => Promise<Result>): Promise<Result> => {
    try {
      return await work(await database.open());
    } catch (error) {
      // The next call must not use a database that failed to open or was closed.
      if (!(error instanceof GalleryError) && !isQuota(error)) database.forget();
      throw toGalleryError(error);
    }
  };

  return {
    add(recipe, picture, thumbnail) {
      const bytes = picture.size + thumbnail.size;
      return use((db) =>
        writeBlobs([picture, thumbnail], async (form) => {
          const change = db.transaction(['entries', 'pictures'], 'readwrite');
          try {
            const entry = { recipe, thumbnail: form(thumbnail), bytes };
            const id = await change.objectStore('entries').add(entry);
            await change.objectStore('pictures').add(form(picture), id);
            await change.done;
            return id;
          } catch (error) {
            // A full disk may fail either request or the commit; `done` rejects with the cause.
            await change.done.catch(() => {});
            throw change.error ?? error;
          }
        }),
      );
    },
    list() {
      return use(async (db) => {
        const entries = await db.getAll('entries');
        // An entry that this version of the page can't read stays stored, but is not listed.
        return entries
          .flatMap((entry) => {
            const parsed = entrySchema.safeParse(entry);
            return parsed.success ? [parsed.data] : [];
          })
          .reverse();
      });
    },
    picture(id) {
      return use(async (db) => {
        const picture = await db.get('pictures', id);
        if (picture) return toBlob(picture);
        throw new GalleryError('This image is no longer in the gallery. It was deleted in another tab.');
      });
    },
    remove(id) {
      return use(async (db) => {
        const change = db.transaction(['entries', 'pictures'], 'readwrite');
        await Promise.all([
          change.objectStore('entries').delete(id),
          change.objectStore('pictures').delete(id),
          change.done,
        ]);
      });
    },
    restore(item, picture) {
      return use((db) =>
        writeBlobs([picture, item.thumbnail], async (form) => {
          const change = db.transaction(['entries', 'pictures'], 'readwrite');
          await Promise.all([
            change.objectStore('entries').put({ ...item, thumbnail: form(item.thumbnail) }),
            change.objectStore('pictures').put(form(picture), item.id),
            change.done,
          ]);
        }),
      );
    },
    clear() {
      return use(async (db) => {
        const change = db.transaction(['entries', 'pictures'], 'readwrite');
        await Promise.all([
          change.objectStore('entries').clear(),
          change.objectStore('pictures').clear(),
          change.done,
        ]);
      });
    },
    storage() {
      return use(async (db) => {
        const entries = await db.getAll('entries');
        const usedBytes = entries.reduce((sum, { bytes }) => sum + bytes, 0);
        const freeBytes = freeRoom(await estimate());
        return { usedBytes, ...(freeBytes !== undefined && { freeBytes }) };
      });
    },
  };
}

function isQuota(error: unknown): boolean {
  return error instanceof Error && error.name === 'QuotaExceededError';
}

function toGalleryError(error: unknown): GalleryError {
  if (error instanceof GalleryError) return error;
  if (isQuota(error)) {
    return new GalleryError(
      'The gallery is full: the browser gives this page no more storage. Delete images from the gallery, or models that you don’t need.',
      { cause: error },
    );
  }
  if (error instanceof DatabaseBusyError) {
    return new GalleryError(
      `The gallery can’t be opened because another tab blocks it (${error.message}). Close Inlay’s other tabs and try again.`,
      { cause: error },
    );
  }
  if (error instanceof Error && error.name === 'VersionError') {
    return new GalleryError(
      'The gallery was created by a newer version of this page. Reload the page to get that version.',
      { cause: error },
    );
  }
  const reason = error instanceof Error && error.message ? ` (${error.message})` : '';
  return new GalleryError(
    `The gallery can’t be used because the browser does not store data for this page, as in a private window${reason}.`,
    { cause: error },
  );
}
