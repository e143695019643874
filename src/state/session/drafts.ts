/** Keeps what is being painted while it is painted, and offers what the page held when it was last closed or lost. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { messageOf } from '../../contract/errors';
import { isEmptyRect, type Rect, type Size } from '../../image/geometry';
import type { Mask } from '../../image/raster';
import { createDraftStore, type Draft, type DraftStore, type DraftVersion } from '../../storage/draft';
import type { Gallery } from '../gallery/gallery';
import { copyOf } from '../pictures/copyOf';
import type { KeptVersion } from '../pictures/pictures';
import type { Version } from '../pictures/versions';
import { browserHold, type DraftHold } from './draftHold';
import { keptSettings, settingsOfDraft } from './draftSettings';
import type { Session } from './session';

/** A draft that is there and was not brought back by itself. */
export interface OfferedDraft extends Pick<Draft, 'id' | 'name'> {
  /** `held`: another tab works on it; `failed`: bringing it back ended the page or went wrong; `aside`: it was put away. */
  why: 'held' | 'failed' | 'aside';
}

export interface DraftsState {
  /** Whether it is not known yet what the page opens with. */
  starting: boolean;
  offered: OfferedDraft | null;
  /** The picture that was brought back by itself, until something is done to it. */
  restored: string | null;
}

export interface Drafts {
  readonly store: StoreApi<DraftsState>;
  /**
   * Brings back what this tab, or the last one that was closed, worked on.
   * @returns whether this is the first visit: nothing was ever kept here
   */
  start(): Promise<'first' | 'restored' | 'empty'>;
  /** Brings the offered draft back: picture, versions as far as they are there, mask, frame and settings. */
  accept(): Promise<void>;
  /** Deletes the offered draft. */
  dismiss(): Promise<void>;
  /** Puts the present picture away with all that belongs to it: it is offered, and undo brings it back. */
  startAnew(): Promise<void>;
  /** Takes the note about what was brought back from the page. */
  seen(): void;
}

type DraftSession = Pick<
  Session,
  'editor' | 'versions' | 'settings' | 'suited' | 'job' | 'reopen' | 'change' | 'complain' | 'close'
>;
/** Results lie there already: a draft says where. */
type DraftGallery = Pick<Gallery, 'idOf' | 'entry' | 'know'>;

/** How masks become files and files masks. */
export interface MaskFiles {
  write(mask: Mask, bounds: Rect): Promise<Blob>;
  read(file: Blob, name: string, size: Size): Promise<Mask>;
}

const QUIET_MS = 700;
/** So many stay, the newest and those that other tabs work on. */
const MAX_KEPT = 3;
/** So long after a draft is back, a page that ends has ended by it. */
const SETTLED_MS = 2000;

export function browserDrafts(session: DraftSession, gallery: DraftGallery, files: MaskFiles): Drafts {
  return createDrafts({ session, gallery, kept: createDraftStore(), files, hold: browserHold() });
}

const newId = () => `${Date.now()} ${Math.random()}`;

export interface DraftParts {
  session: DraftSession;
  gallery: DraftGallery;
  kept: DraftStore;
  files: MaskFiles;
  hold: DraftHold;
  /** Of the draft that this tab begins with. */
  id?: string;
  /** So long after the last change it is kept. */
  quietMs?: number;
}

export function createDrafts(parts: DraftParts): Drafts {
  const { session, gallery, kept, files, hold, quietMs = QUIET_MS } = parts;
  const { editor, versions, settings, suited } = session;
  const store = createStore<DraftsState>(() => ({ starting: true, offered: null, restored: null }));
  /** Of this tab. */
  let id = parts.id ?? newId();
  /** Nothing is kept before it is known what the page opens with. */
  let isReady = false;
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
    const { items, baseId, shownId } = versions.getState();
    const { prompt, negative_prompt: negativePrompt } = settings.getState();
    const bounds = history.paintBounds;
    if (items.length === 0) return;
    const isEmpty = isEmptyRect(bounds);
    if (!isEmpty && writtenMask?.revision !== revision)
      writtenMask = { revision, file: await files.write(mask, bounds) };
    const maskFile = isEmpty ? null : (writtenMask?.file ?? null);
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
      ...{ baseId, shownId },
      ...words,
      settings: keptSettings(settings.getState()),
      byHand: [...suited.byHand()],
      isAside: false,
      savedAt: Date.now(),
    };
    await kept.keep(draft, new Map([...own].filter(([version, file]) => written.get(version) !== file)));
    written = own;
    hold.visit();
  };
  /** What is painted on is kept by the draft itself: it must not go with an entry that is deleted from the gallery. */
  const listedAs = async (version: Version, baseId: number): Promise<DraftVersion> => {
    const { url: _url, thumbnailUrl: _thumbnailUrl, file, ...facts } = version;
    const galleryId = await gallery.idOf(file);
    return { ...facts, galleryId, isKept: galleryId === null || version.id === baseId };
  };
  const saveNow = () => {
    clearTimeout(timer);
    // A browser that keeps nothing leaves painting as it is; that results are not kept is told by the gallery.
    tail = tail.then(save).catch(() => {});
    return tail;
  };
  const saveSoon = () => {
    clearTimeout(timer);
    if (isReady) timer = setTimeout(saveNow, quietMs);
  };
  const seen = () => {
    if (store.getState().restored !== null) store.setState({ restored: null });
  };
  editor.store.subscribe((now, before) => {
    const isSame = (['maskRevision', 'pictureRevision', 'frame'] as const).every(
      (part) => now[part] === before[part],
    );
    if (isSame) return;
    saveSoon();
    seen();
  });
  settings.subscribe(saveSoon);
  versions.subscribe((now, before) => {
    if (now.items !== before.items || now.baseId !== before.baseId || now.shownId !== before.shownId)
      saveSoon();
  });
  session.job.subscribe(({ running }) => {
    if (running) seen();
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

  /** Opens all of a draft. @throws Error where something of it is gone @returns whether it is open */
  const bringBack = async (draft: Draft): Promise<boolean> => {
    const found = await Promise.all(draft.versions.map((version) => fetched(draft.id, version)));
    const items = found.filter((version) => version !== null);
    const { name, baseId, shownId, frame, mask } = draft;
    if (!items.some((version) => version.id === baseId)) throw new Error('its picture is no longer there');
    const maskFile = mask && (await copyOf(mask));
    const readMask = async (size: Size) => (maskFile ? files.read(maskFile, name, size) : undefined);
    // What could not be opened has been told; the draft stays.
    if (!(await session.reopen(name, items, { baseId, shownId, frame, readMask }))) return false;
    const words = { prompt: draft.prompt, negative_prompt: draft.negativePrompt };
    const all = { ...settingsOfDraft(draft.settings, settings.getState()), ...words };
    const byHand = Object.entries(all).filter(([field]) => draft.byHand.includes(field));
    settings.setState(all);
    session.change({ ...Object.fromEntries(byHand), ...words });
    return true;
  };
  /** Goes on with a draft as this tab's own, from which nothing is written anew. */
  const adopt = (draft: Draft) => {
    id = draft.id;
    hold.remember(id);
    writtenMask = null;
    const own = new Set(draft.versions.flatMap((version) => (version.isKept ? [version.id] : [])));
    const { items } = versions.getState();
    written = new Map(items.flatMap((item) => (own.has(item.id) ? [[item.id, item.file]] : [])));
  };
  /** Goes on with a draft that is begun now. */
  const begin = async (next: string) => {
    id = next;
    written = new Map();
    writtenMask = null;
    if (await hold.claim(id)) hold.remember(id);
    else if ((await hold.held()) === null) hold.remember(id);
  };
  const complain = (name: string, error: unknown) =>
    session.complain(`“${name}” could not be brought back: ${messageOf(error)}`);

  const restore = async (): Promise<'first' | 'restored' | 'empty'> => {
    const drafts = await kept.list();
    const own = hold.own();
    const held = await hold.held();
    // Another tab may still work on one that is old.
    for (const { id: old } of drafts.slice(MAX_KEPT))
      if (old !== own && !held?.has(old)) await kept.remove(old);
    const draft = drafts.find((other) => other.id === own) ?? drafts[0];
    if (!draft) {
      await begin(id);
      return hold.visited() ? 'empty' : 'first';
    }
    const offer = (why: OfferedDraft['why']) =>
      store.setState({ offered: { id: draft.id, name: draft.name, why } });
    const isClaimed = !draft.isAside && (await hold.claim(draft.id));
    if (isClaimed && !hold.hasFailed(draft.id)) {
      const done = hold.begin(draft.id);
      try {
        if (await bringBack(draft)) {
          adopt(draft);
          // It may still be too much for the tab once it is drawn.
          setTimeout(done, SETTLED_MS);
          store.setState({ restored: draft.name });
          return 'restored';
        }
      } catch (error) {
        complain(draft.name, error);
      }
      done();
    }
    // Or something else was opened meanwhile.
    const isAside = draft.isAside || (isClaimed && editor.document !== null);
    offer(isAside ? 'aside' : isClaimed ? 'failed' : 'held');
    await begin(id);
    return 'empty';
  };

  return {
    store,
    async start() {
      try {
        return await restore();
      } catch {
        // A browser that keeps nothing has kept no draft.
        return 'first';
      } finally {
        isReady = true;
        store.setState({ starting: false });
        saveSoon();
      }
    },
    async accept() {
      const { offered } = store.getState();
      if (!offered) return;
      try {
        await saveNow();
        const draft = (await kept.list()).find((other) => other.id === offered.id);
        if (!draft) throw new Error('it is no longer there');
        const isFree = await hold.claim(draft.id);
        const done = hold.begin(draft.id);
        if (await bringBack(draft)) {
          // What another tab works on stays that tab's; this one goes on with a copy.
          if (isFree) adopt(draft);
          else await begin(newId());
          store.setState({ offered: null });
          saveSoon();
        }
        done();
      } catch (error) {
        complain(offered.name, error);
      }
    },
    async dismiss() {
      const { offered } = store.getState();
      if (!offered) return;
      store.setState({ offered: null });
      await kept.remove(offered.id).catch(() => {});
    },
    async startAnew() {
      const { document } = editor;
      if (!document) return;
      seen();
      await saveNow();
      session.close();
      settings.setState({ prompt: '', negative_prompt: '' });
      try {
        const draft = (await kept.list()).find((other) => other.id === id);
        if (draft) {
          await kept.keep({ ...draft, isAside: true }, new Map());
          store.setState({ offered: { id, name: draft.name, why: 'aside' } });
        }
      } catch {
        // A browser that keeps nothing has kept no draft; undo has it.
      }
      await begin(newId());
    },
    seen,
  };
}
