/** Saves the user's work as they go, and restores it after the page was closed, reloaded or lost. */
import { messageOf } from '../../contract/errors';
import { isEmptyRect, type Rect, type Size } from '../../image/geometry';
import type { Mask } from '../../image/raster';
import { createDraftStore, type Draft, type DraftStore, type DraftVersion } from '../../storage/draft';
import type { Gallery } from '../gallery/gallery';
import { copyOf } from '../pictures/copyBlob';
import type { KeptVersion } from '../pictures/pictures';
import type { Version } from '../pictures/versions';
import { type ReadonlyStore, settingsIn } from '../settings/settingsStore';
import { browserHold, type DraftHold } from './draftLock';
import { keptSettings, settingsOfDraft } from './draftSettings';
import type { Session } from './session';
import type { OfferedDraft, SessionState } from './sessionState';

export type DraftsState = Pick<SessionState, 'starting' | 'offered' | 'restored'>;

export interface Drafts {
  readonly store: ReadonlyStore<DraftsState>;
  /**
   * Restores the work of this tab, or of the tab that was closed last.
   * @returns `first` if nothing was ever saved in this browser
   */
  start(): Promise<'first' | 'restored' | 'empty'>;
  /** Restores the offered draft: image, the versions that still exist, mask, frame and settings. */
  accept(): Promise<void>;
  /** Deletes the offered draft. */
  dismiss(): Promise<void>;
  /** Closes the current image with all that belongs to it: it is offered, and undo brings it back. */
  startAnew(): Promise<void>;
  /**
   * Opens something instead of the current image. If that has work in it, it is closed as by {@link startAnew}, so that it
   * can be restored; an untouched one is replaced.
   */
  startWith(open: () => Promise<unknown>): Promise<void>;
  /** Takes away the note about the restored image. */
  seen(): void;
}

type DraftSession = Pick<
  Session,
  | 'state'
  | 'editor'
  | 'versions'
  | 'settings'
  | 'suited'
  | 'run'
  | 'reopen'
  | 'isUntouchedSample'
  | 'change'
  | 'restoreSettings'
  | 'showStageError'
  | 'close'
>;
/** The gallery has the results already: a draft only refers to them. */
type DraftGallery = Pick<Gallery, 'idOf' | 'entry' | 'know'>;

/** Writes masks to files and reads them back. */
export interface MaskFiles {
  write(mask: Mask, bounds: Rect): Promise<Blob>;
  read(file: Blob, name: string, size: Size): Promise<Mask>;
}

const QUIET_MS = 700;
/** How many drafts stay, besides those that other tabs have open. */
const MAX_KEPT = 3;
/** If the page ends within this time after restoring a draft, the draft is the likely cause. */
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
  /** Id of the draft that this tab begins with. */
  id?: string;
  /** Pause after the last change before a draft is saved. */
  quietMs?: number;
}

export function createDrafts(parts: DraftParts): Drafts {
  const { session, gallery, kept, files, hold, quietMs = QUIET_MS } = parts;
  const { editor, versions, settings, suited, state } = session;
  const { store } = state;
  /** Whether the draft was restored, so that there is work in it even if nothing was done since. */
  let isRestored = false;
  /** Id of this tab's draft. */
  let id = parts.id ?? newId();
  /** Nothing is saved until it is known what the page opens with. */
  let isReady = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The mask that was written last: it need not be written again when only settings or versions change. */
  let writtenMask: { revision: number; file: Blob } | null = null;
  /** The files in the draft, by version. */
  let written = new Map<number, Blob>();
  /** Saves run one after the other, so that the last one wins. */
  let tail = Promise.resolve();
  /** Resolves once what was asked for instead of the current image is open. */
  let replacing: Promise<unknown> = Promise.resolve();

  const save = async () => {
    const { document } = editor;
    const { working, maskRevision: revision } = editor.store.getState();
    // The end of the operation is a change, too.
    if (!document || working !== null) return;
    // Later visits open the sample again, with its hint, instead of restoring it; unless it replaces what was saved.
    if (session.isUntouchedSample() && !isRestored && written.size === 0) return;
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
      settings: keptSettings(settingsIn(settings.getState())),
      byHand: [...suited.byHand()],
      isAside: false,
      savedAt: Date.now(),
    };
    await kept.keep(draft, new Map([...own].filter(([version, file]) => written.get(version) !== file)));
    written = own;
    hold.visit();
  };
  /** The draft keeps the version on the canvas itself: deleting it from the gallery must not take it away. */
  const listedAs = async (version: Version, baseId: number): Promise<DraftVersion> => {
    const { url: _url, thumbnailUrl: _thumbnailUrl, file, ...facts } = version;
    const galleryId = await gallery.idOf(file);
    return { ...facts, galleryId, isKept: galleryId === null || version.id === baseId };
  };
  const saveNow = () => {
    clearTimeout(timer);
    // Without storage the user can still work; the gallery says that results are not stored.
    tail = tail.then(save).catch(() => {});
    return tail;
  };
  const saveSoon = () => {
    clearTimeout(timer);
    if (isReady) timer = setTimeout(saveNow, quietMs);
  };
  const seen = () => {
    if (store.getState().restored !== null) state.noteRestored(null);
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
  session.run.subscribe(({ running }, { running: before }) => {
    if (running) seen();
    // What a run took long to make is kept at once.
    else if (before && isReady) void saveNow();
  });

  /** @returns null if its file is gone: results that were deleted from the gallery stay deleted */
  const fetched = async (draftId: string, version: DraftVersion): Promise<KeptVersion | null> => {
    const { galleryId, isKept, ...facts } = version;
    const own = isKept ? await kept.picture(draftId, version.id) : undefined;
    // A copy, since the draft will be deleted.
    const found = own
      ? { file: await copyOf(own), thumbnail: null }
      : galleryId && (await gallery.entry(galleryId));
    if (!found) return null;
    if (galleryId !== null) gallery.know(found.file, galleryId);
    return { ...facts, ...found };
  };

  /** Opens a draft. @throws Error if part of it is gone @returns whether it is open */
  const bringBack = async (draft: Draft): Promise<boolean> => {
    const found = await Promise.all(draft.versions.map((version) => fetched(draft.id, version)));
    const items = found.filter((version) => version !== null);
    const { name, baseId, shownId, frame, mask } = draft;
    if (!items.some((version) => version.id === baseId)) throw new Error('its image is no longer there');
    const maskFile = mask && (await copyOf(mask));
    const readMask = async (size: Size) => (maskFile ? files.read(maskFile, name, size) : undefined);
    // The error is shown already; the draft stays.
    if (!(await session.reopen(name, items, { baseId, shownId, frame, readMask }))) return false;
    const words = { prompt: draft.prompt, negative_prompt: draft.negativePrompt };
    const all = { ...settingsOfDraft(draft.settings, settings.getState()), ...words };
    session.restoreSettings(all, [...draft.byHand, ...Object.keys(words)]);
    return true;
  };
  /** Continues a draft as this tab's own; its files are not written again. */
  const adopt = (draft: Draft) => {
    id = draft.id;
    isRestored = true;
    hold.remember(id);
    writtenMask = null;
    const own = new Set(draft.versions.flatMap((version) => (version.isKept ? [version.id] : [])));
    const { items } = versions.getState();
    written = new Map(items.flatMap((item) => (own.has(item.id) ? [[item.id, item.file]] : [])));
  };
  /** Begins a new draft. */
  const begin = async (next: string) => {
    id = next;
    isRestored = false;
    written = new Map();
    writtenMask = null;
    if (await hold.claim(id)) hold.remember(id);
    else if ((await hold.held()) === null) hold.remember(id);
  };
  const reportFailure = (name: string, error: unknown) =>
    session.showStageError(`“${name}” could not be restored: ${messageOf(error)}`);

  const restore = async (): Promise<'first' | 'restored' | 'empty'> => {
    const drafts = await kept.list();
    const own = hold.own();
    const held = await hold.held();
    // Another tab may have an old one open.
    for (const { id: old } of drafts.slice(MAX_KEPT))
      if (old !== own && !held?.has(old)) await kept.remove(old);
    const draft = drafts.find((other) => other.id === own) ?? drafts[0];
    if (!draft) {
      await begin(id);
      return hold.visited() ? 'empty' : 'first';
    }
    const offer = (why: OfferedDraft['why']) => state.offerDraft({ id: draft.id, name: draft.name, why });
    const isClaimed = !draft.isAside && (await hold.claim(draft.id));
    if (isClaimed && !hold.hasFailed(draft.id)) {
      const done = hold.begin(draft.id);
      try {
        if (await bringBack(draft)) {
          adopt(draft);
          // Drawing it may still be too much for the tab.
          setTimeout(done, SETTLED_MS);
          state.noteRestored(draft.name);
          // What was put away for it stays within reach.
          const aside = drafts.find((other) => other.isAside && !held?.has(other.id));
          if (aside) state.offerDraft({ id: aside.id, name: aside.name, why: 'aside' });
          return 'restored';
        }
      } catch (error) {
        reportFailure(draft.name, error);
      }
      done();
    }
    // The other reason: another image was opened meanwhile.
    const isAside = draft.isAside || (isClaimed && editor.document !== null);
    offer(isAside ? 'aside' : isClaimed ? 'failed' : 'held');
    await begin(id);
    return 'empty';
  };

  const hasWork = () => {
    if (isRestored) return true;
    if (session.isUntouchedSample()) return false;
    return editor.store.getState().canUndo || versions.getState().items.length > 1;
  };

  const startAnew = async () => {
    const { document } = editor;
    if (!document) return;
    seen();
    await saveNow();
    session.close();
    session.restoreSettings({ prompt: '', negative_prompt: '' }, []);
    try {
      const draft = (await kept.list()).find((other) => other.id === id);
      if (draft) {
        await kept.keep({ ...draft, isAside: true }, new Map());
        state.offerDraft({ id, name: draft.name, why: 'aside', isNew: true });
      }
    } catch {
      // Without storage there is no draft; undo still works.
    }
    await begin(newId());
  };

  return {
    store,
    async start() {
      try {
        return await restore();
      } catch {
        // Without storage there is no draft.
        return 'first';
      } finally {
        isReady = true;
        state.started();
        saveSoon();
      }
    },
    async accept() {
      const { offered } = store.getState();
      if (!offered) return;
      try {
        // The offer appears before the other image is open: it must not open over what is restored.
        await replacing;
        const untouched = hasWork() ? null : id;
        await saveNow();
        const draft = (await kept.list()).find((other) => other.id === offered.id);
        if (!draft) throw new Error('it is no longer there');
        const isFree = await hold.claim(draft.id);
        const done = hold.begin(draft.id);
        if (await bringBack(draft)) {
          // If another tab has it open, this one continues with a copy.
          if (isFree) adopt(draft);
          else await begin(newId());
          state.offerDraft(null);
          // Another tab, or the next visit, must not find an image with nothing done to it in its place.
          if (untouched !== null) await kept.remove(untouched);
          await saveNow();
        }
        done();
      } catch (error) {
        reportFailure(offered.name, error);
      }
    },
    async dismiss() {
      const { offered } = store.getState();
      if (!offered) return;
      state.offerDraft(null);
      await kept.remove(offered.id).catch(() => {});
    },
    startAnew,
    async startWith(open) {
      const opening = (async () => {
        if (hasWork()) await startAnew();
        await open();
      })();
      replacing = opening.catch(() => {});
      await opening;
    },
    seen,
  };
}
