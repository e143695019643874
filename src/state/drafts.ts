/** Keeps what is being painted while it is painted, and offers what the page held when it was last closed or lost. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { isEmptyRect, type Rect, type Size } from '../editor/kernels/geometry';
import type { Mask } from '../editor/kernels/raster';
import { createDraftStore, type Draft, type DraftStore, type DraftVersion } from '../storage/draft';
import { copyOf } from './copyOf';
import type { Gallery } from './gallery';
import type { KeptVersion } from './pictures';
import type { Session } from './session';
import type { Version } from './versions';

export interface Drafts {
  /** What is offered: a draft of an earlier time, by its picture's name. */
  readonly store: StoreApi<{ offered: Pick<Draft, 'id' | 'name'> | null }>;
  /** Looks for a draft. */
  load(): Promise<void>;
  /** Opens its picture with its versions, as far as they are there, its prompts, and its mask and frame, which undo takes back. */
  accept(): Promise<void>;
  /** Deletes it. */
  dismiss(): Promise<void>;
}

type DraftSession = Pick<Session, 'editor' | 'versions' | 'settings' | 'reopen' | 'change' | 'complain'>;
/** Results lie there already: a draft says where. */
type DraftGallery = Pick<Gallery, 'idOf' | 'entry' | 'know'>;

/** How masks become files and files masks. */
export interface MaskFiles {
  write(mask: Mask, bounds: Rect): Promise<Blob>;
  read(file: Blob, name: string, size: Size): Promise<Mask>;
}

const QUIET_MS = 700;
/** Those of so many earlier times stay: another tab may still work on one. */
const MAX_KEPT = 3;

export function browserDrafts(session: DraftSession, gallery: DraftGallery, files: MaskFiles): Drafts {
  return createDrafts(session, gallery, createDraftStore(), files, `${Date.now()} ${Math.random()}`);
}

/**
 * @param id of this time that the page is open
 * @param quietMs so long after the last change it is kept
 */
export function createDrafts(
  session: DraftSession,
  gallery: DraftGallery,
  kept: DraftStore,
  files: MaskFiles,
  id: string,
  quietMs = QUIET_MS,
): Drafts {
  const { editor, versions, settings } = session;
  const store = createStore<{ offered: Pick<Draft, 'id' | 'name'> | null }>(() => ({ offered: null }));
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The mask that was written last: words and versions change without it. */
  let writtenMask: { revision: number; file: Blob } | null = null;
  /** The files that the draft keeps, by version. */
  let written = new Map<number, Blob>();
  /** One after the other: the last one stands. */
  let tail = Promise.resolve();

  const save = async () => {
    const { document } = editor;
    const { working, maskRevision: revision } = editor.store.getState();
    // The end of the work is a change of its own.
    if (!document || working !== null) return;
    const { history, mask, name, frame } = document;
    const { items, baseId } = versions.getState();
    const { prompt, negative_prompt: negativePrompt } = settings.getState();
    const bounds = history.paintBounds;
    if ((document.opened && !history.canUndo) || isEmptyRect(bounds)) {
      // Nothing of a person's own is on the canvas.
      if (written.size > 0) await kept.remove(id);
      written = new Map();
      return;
    }
    if (writtenMask?.revision !== revision) writtenMask = { revision, file: await files.write(mask, bounds) };
    const { file: maskFile } = writtenMask;
    const listed = await Promise.all(items.map((version) => listedAs(version, baseId)));
    const own = new Map(
      items.flatMap(({ id: version, file }, i) => (listed[i]?.isKept ? [[version, file]] : [])),
    );
    const words = { prompt, negativePrompt };
    const draft = {
      id,
      name,
      mask: maskFile,
      frame,
      versions: listed,
      baseId,
      ...words,
      savedAt: Date.now(),
    };
    await kept.keep(draft, new Map([...own].filter(([version, file]) => written.get(version) !== file)));
    written = own;
  };
  /** What is painted on is kept by the draft itself: it must not go with an entry that is deleted from the gallery. */
  const listedAs = async (version: Version, baseId: number): Promise<DraftVersion> => {
    const { url: _url, thumbnailUrl: _thumbnailUrl, file, ...facts } = version;
    const galleryId = await gallery.idOf(file);
    return { ...facts, galleryId, isKept: galleryId === null || version.id === baseId };
  };
  const saveSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // A browser that keeps nothing leaves painting as it is; that results are not kept is told by the gallery.
      tail = tail.then(save).catch(() => {});
    }, quietMs);
  };
  editor.store.subscribe((now, before) => {
    const isSame = (['maskRevision', 'pictureRevision', 'frame'] as const).every(
      (part) => now[part] === before[part],
    );
    if (!isSame) saveSoon();
  });
  settings.subscribe((now, before) => {
    if (now.prompt !== before.prompt || now.negative_prompt !== before.negative_prompt) saveSoon();
  });
  versions.subscribe((now, before) => {
    if (now.items !== before.items || now.baseId !== before.baseId) saveSoon();
  });

  /** @returns null where its file is gone: results that were deleted from the gallery stay deleted */
  const fetched = async (draftId: string, version: DraftVersion): Promise<KeptVersion | null> => {
    const { galleryId, isKept, ...facts } = version;
    const own = isKept ? await kept.picture(draftId, version.id) : undefined;
    // The draft's entry is deleted in the end.
    const found = own
      ? { file: await copyOf(own), thumbnail: null }
      : galleryId && (await gallery.entry(galleryId));
    if (!found) return null;
    if (galleryId !== null) gallery.know(found.file, galleryId);
    return { ...facts, ...found };
  };

  const forget = async (offered: Pick<Draft, 'id'>) => {
    if (store.getState().offered === offered) store.setState({ offered: null });
    await kept.remove(offered.id).catch(() => {});
  };

  return {
    store,
    async load() {
      try {
        const drafts = (await kept.list()).filter((draft) => draft.id !== id);
        const [offered] = drafts;
        for (const { id: old } of drafts.slice(MAX_KEPT)) await kept.remove(old);
        if (offered) store.setState({ offered });
      } catch {
        // A browser that keeps nothing has kept no draft.
      }
    },
    async accept() {
      const { offered } = store.getState();
      if (!offered) return;
      try {
        const draft = (await kept.list()).find((other) => other.id === offered.id);
        const found =
          draft && (await Promise.all(draft.versions.map((version) => fetched(draft.id, version))));
        const items = (found ?? []).filter((version) => version !== null);
        if (!draft || !items.some((version) => version.id === draft.baseId))
          throw new Error('it is no longer there');
        const maskFile = await copyOf(draft.mask);
        // What could not be opened has been told; the draft stays.
        const { name, baseId, frame } = draft;
        const readMask = (size: Size) => files.read(maskFile, name, size);
        if (!(await session.reopen(name, items, { baseId, shownId: null, frame, readMask }))) return;
        session.change({ prompt: draft.prompt, negative_prompt: draft.negativePrompt });
        await forget(offered);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        session.complain(`“${offered.name}” could not be brought back: ${reason}`);
      }
    },
    async dismiss() {
      const { offered } = store.getState();
      if (offered) await forget(offered);
    },
  };
}
