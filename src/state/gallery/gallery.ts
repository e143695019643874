/**
 * The gallery as the page shows it: saves every result as it appears among the versions, searches, restores. A result that
 * can't be saved stays among the versions, and the page says so.
 */

import { createStore, type StoreApi } from 'zustand/vanilla';
import { messageOf } from '../../contract/errors';
import {
  createGalleryStore,
  type GalleryItem,
  type GalleryStorage,
  type GalleryStore,
} from '../../storage/gallery';
import { copyOf } from '../pictures/copyBlob';
import type { Version, Versions } from '../pictures/versions';
import { foundIn } from '../settings/recipes';
import type { ReadonlyStore } from '../settings/settingsStore';

export type { GalleryItem } from '../../storage/gallery';

export interface GalleryState {
  /** Newest first; null until they were read. */
  items: readonly GalleryItem[] | null;
  storage: GalleryStorage | null;
  search: string;
  /** What went wrong in the gallery, shown in it. */
  problem: string | null;
  /** Why the last results were not saved, and how many; shown on the page until dismissed, and in the gallery. */
  unkept: { reason: string; count: number; dismissed: boolean } | null;
  /** What was deleted one by one since the page was opened and can be restored, the last one at the end. */
  removed: readonly GalleryItem[];
}

export interface Gallery {
  readonly store: StoreApi<GalleryState>;
  /** The id of a result's entry, once it is saved; null if it isn't in the gallery. */
  idOf(file: Blob): Promise<number | null>;
  /** The entry's files; null if it is gone. */
  entry(id: number): Promise<{ file: Blob; thumbnail: Blob } | null>;
  /** Says that a file, which is about to become a version again, is saved already. */
  know(file: Blob, id: number): void;
  /** Reads the entries: whenever the gallery opens, since other tabs add to it too. */
  load(): Promise<void>;
  setSearch(search: string): void;
  /** @returns null if it could not be read; the gallery says why */
  picture(item: GalleryItem): Promise<Blob | null>;
  remove(item: GalleryItem): Promise<void>;
  /** Restores what was deleted last; called again, what was deleted before that. */
  undoRemove(): Promise<void>;
  /** Deletes everything permanently, also what could still be restored. */
  clear(): Promise<void>;
  /** Saves what could not be saved, after space was freed. */
  retry(): Promise<void>;
  /** Hides the notice; the gallery still offers to try again. */
  dismiss(): void;
}

/** Deleted images are held in memory up to this: beyond it the oldest are dropped, but never the last. */
const MAX_REMOVED_BYTES = 256 * 2 ** 20;

export function browserGallery(versions: ReadonlyStore<Versions>): Gallery {
  return createGallery(createGalleryStore(), versions, async (url) => (await fetch(url)).blob());
}

/**
 * @param fetchThumbnail the file behind a version's object URL
 * @param maxRemovedBytes of deleted images that can be restored
 */
export function createGallery(
  kept: GalleryStore,
  versions: ReadonlyStore<Versions>,
  fetchThumbnail: (url: string) => Promise<Blob>,
  maxRemovedBytes = MAX_REMOVED_BYTES,
): Gallery {
  const store = createStore<GalleryState>(() => ({
    items: null,
    storage: null,
    search: '',
    problem: null,
    unkept: null,
    removed: [],
  }));
  /** Entry ids by the results' files. */
  const ids = new WeakMap<Blob, number>();
  /** Results that could not be saved, for another try. */
  let waiting: { file: Blob; thumbnail: Blob }[] = [];
  /** The images of deleted entries that can be restored. */
  const removedPictures = new Map<GalleryItem, Blob>();
  const setRemoved = (removed: readonly GalleryItem[]) => {
    for (const item of removedPictures.keys()) if (!removed.includes(item)) removedPictures.delete(item);
    store.setState({ removed });
  };
  /** The last ones that fit into memory. */
  const fitting = (items: readonly GalleryItem[]) => {
    let bytes = 0;
    const first = items.findLastIndex((item) => {
      bytes += item.bytes;
      return bytes > maxRemovedBytes;
    });
    return items.slice(Math.min(first + 1, items.length - 1));
  };

  const read = async () => {
    const [items, storage] = await Promise.all([kept.list(), kept.storage()]);
    store.setState({ items, storage, problem: null });
  };

  /** Runs `work` and reads the gallery again; the gallery shows errors. */
  const change = async (work: () => Promise<void>) => {
    try {
      await work();
      await read();
    } catch (error) {
      store.setState({ problem: messageOf(error) });
    }
  };

  /** Null if another tab has deleted it. */
  const pictureOf = async (id: number) => {
    try {
      return await copyOf(await kept.picture(id));
    } catch {
      return null;
    }
  };

  const keep = async (result: { file: Blob; thumbnail: Blob }) => {
    try {
      const found = await foundIn(result.file);
      if (!found?.recipe) throw new TypeError('every result carries its recipe');
      ids.set(result.file, await kept.add(found.recipe, result.file, result.thumbnail));
    } catch (error) {
      waiting.push(result);
      store.setState({ unkept: { reason: messageOf(error), count: waiting.length, dismissed: false } });
      return;
    }
    if (store.getState().items !== null) await change(async () => {});
  };

  /** One after the other, so that the gallery's order is that of the runs. */
  let tail = Promise.resolve();
  /** Undo may bring back an image's versions. */
  const seen = new WeakSet<Blob>();
  versions.subscribe(({ items }) => {
    const added = items.filter((version) => isResult(version) && !seen.has(version.file));
    for (const { file, thumbnailUrl } of added) {
      seen.add(file);
      // At once: opening another image revokes the URL. If that has happened, the result is its own thumbnail.
      const fetched = fetchThumbnail(thumbnailUrl).catch(() => file);
      tail = tail.then(async () => keep({ file, thumbnail: await fetched }));
    }
  });

  return {
    store,
    async idOf(file) {
      await tail;
      return ids.get(file) ?? null;
    },
    async entry(id) {
      try {
        const item = (await kept.list()).find((other) => other.id === id);
        return item ? { file: await copyOf(await kept.picture(id)), thumbnail: item.thumbnail } : null;
      } catch {
        return null;
      }
    },
    know(file, id) {
      seen.add(file);
      ids.set(file, id);
    },
    load: () => change(async () => {}),
    setSearch(search) {
      store.setState({ search });
    },
    async picture(item) {
      try {
        return await kept.picture(item.id);
      } catch (error) {
        store.setState({ problem: messageOf(error) });
        return null;
      }
    },
    remove: (item) =>
      change(async () => {
        const picture = await pictureOf(item.id);
        await kept.remove(item.id);
        if (!picture) return;
        removedPictures.set(item, picture);
        setRemoved(fitting([...store.getState().removed, item]));
      }),
    undoRemove: () =>
      change(async () => {
        const last = store.getState().removed.at(-1);
        const picture = last && removedPictures.get(last);
        if (!last || !picture) return;
        await kept.restore(last, picture);
        setRemoved(store.getState().removed.filter((item) => item !== last));
      }),
    clear: () =>
      change(async () => {
        await kept.clear();
        setRemoved([]);
      }),
    async retry() {
      const again = waiting;
      waiting = [];
      store.setState({ unkept: null });
      for (const result of again) await keep(result);
    },
    dismiss() {
      store.setState(({ unkept }) => ({ unkept: unkept && { ...unkept, dismissed: true } }));
    },
  };
}

/** Neither the original nor an extended canvas: a run made it. */
function isResult({ parentId, seed }: Version): boolean {
  return parentId !== null && seed !== null;
}

/** The entries whose prompts or model contain every word of `search`, in any order and case. */
export function searchItems(items: readonly GalleryItem[], search: string): readonly GalleryItem[] {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items;
  return items.filter(({ recipe: { request } }) => {
    const text = [request.prompt, request.negative_prompt, request.model_name].join('\n').toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** `a-red-fox-1234.png` */
export function galleryFileName({ recipe: { request } }: GalleryItem): string {
  const words = request.prompt
    .toLocaleLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .slice(0, 48)
    .replaceAll(/^-+|-+$/g, '');
  return `${words || 'inlay'}-${request.seed}.png`;
}
