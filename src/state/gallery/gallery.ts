/**
 * The gallery as the page shows it: keeps every result as it appears among the versions, searches, restores. A result
 * that cannot be kept stays among the versions, and the page says so.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { messageOf } from '../../contract/errors';
import {
  createGalleryStore,
  type GalleryItem,
  type GalleryStorage,
  type GalleryStore,
} from '../../storage/gallery';
import { copyOf } from '../pictures/copyOf';
import type { Version, Versions } from '../pictures/versions';
import { foundIn } from '../session/recipes';

export type { GalleryItem } from '../../storage/gallery';

export interface GalleryState {
  /** Newest first; null until it was read. */
  items: readonly GalleryItem[] | null;
  storage: GalleryStorage | null;
  search: string;
  /** What went wrong in the gallery, shown in it. */
  problem: string | null;
  /** Why the last results were not kept, and how many; told on the page until that is dismissed, and in the gallery. */
  unkept: { reason: string; count: number; dismissed: boolean } | null;
  /** What was deleted one by one since the page was opened and can be brought back, the last one at the end. */
  removed: readonly GalleryItem[];
}

export interface Gallery {
  readonly store: StoreApi<GalleryState>;
  /** Where a result's file lies, once that is known; null where it is not in the gallery. */
  idOf(file: Blob): Promise<number | null>;
  /** What lies there; null where it is gone. */
  entry(id: number): Promise<{ file: Blob; thumbnail: Blob } | null>;
  /** Says that a file that comes among the versions again is there already. */
  know(file: Blob, id: number): void;
  /** Reads what is there: at opening, since other tabs add to it too. */
  load(): Promise<void>;
  setSearch(search: string): void;
  /** @returns null where it could not be read; the gallery says why */
  picture(item: GalleryItem): Promise<Blob | null>;
  remove(item: GalleryItem): Promise<void>;
  /** Brings back what was deleted last; again what was deleted before that. */
  undoRemove(): Promise<void>;
  /** Deletes all for good, also what could still be brought back. */
  clear(): Promise<void>;
  /** Keeps what could not be kept, after room was made. */
  retry(): Promise<void>;
  /** Takes the note from the page; the gallery still offers another try. */
  dismiss(): void;
}

/** Deleted pictures are held in memory up to this: the oldest are let go beyond it, the last one never is. */
const MAX_REMOVED_BYTES = 256 * 2 ** 20;

export function browserGallery(versions: StoreApi<Versions>): Gallery {
  return createGallery(createGalleryStore(), versions, async (url) => (await fetch(url)).blob());
}

/**
 * @param fetchThumbnail the file behind a version's object URL
 * @param maxRemovedBytes of deleted pictures that can be brought back
 */
export function createGallery(
  kept: GalleryStore,
  versions: StoreApi<Versions>,
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
  /** Where results lie, by their files. */
  const ids = new WeakMap<Blob, number>();
  /** What could not be kept, for another try. */
  let waiting: { file: Blob; thumbnail: Blob }[] = [];
  /** The pictures of what was deleted and can be brought back. */
  const removedPictures = new Map<GalleryItem, Blob>();
  const setRemoved = (removed: readonly GalleryItem[]) => {
    for (const item of removedPictures.keys()) if (!removed.includes(item)) removedPictures.delete(item);
    store.setState({ removed });
  };
  /** The last ones that fit into the memory for them. */
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

  /** Runs `work` and reads the gallery anew; what fails is told in the gallery. */
  const change = async (work: () => Promise<void>) => {
    try {
      await work();
      await read();
    } catch (error) {
      store.setState({ problem: messageOf(error) });
    }
  };

  /** Null where another tab has deleted it. */
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

  /** One after the other: their order in the gallery is that of their making. */
  let tail = Promise.resolve();
  /** Undo may bring a picture's versions back. */
  const seen = new WeakSet<Blob>();
  versions.subscribe(({ items }) => {
    const added = items.filter((version) => isResult(version) && !seen.has(version.file));
    for (const { file, thumbnailUrl } of added) {
      seen.add(file);
      // Fetched at once: the address dies when another picture is opened; then the picture stands for it.
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

/** Neither the original nor a drawn-out canvas, which no run has made. */
function isResult({ parentId, seed }: Version): boolean {
  return parentId !== null && seed !== null;
}

/** The entries whose prompts or model hold every word of `search`, in any order and case. */
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
