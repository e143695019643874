/** Keeps what is being painted while it is painted, and offers what the page held when it was last closed or lost. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { isEmptyRect, type Rect, type Size } from '../editor/kernels/geometry';
import type { Mask } from '../editor/kernels/raster';
import { createDraftStore, type Draft, type DraftStore } from '../storage/draft';
import type { Session } from './session';

export interface Drafts {
  /** What is offered: a draft of an earlier time, by its picture's name. */
  readonly store: StoreApi<{ offered: Pick<Draft, 'id' | 'name'> | null }>;
  /** Looks for a draft. */
  load(): Promise<void>;
  /** Opens its picture with its mask and frame, which undo takes back. */
  accept(): Promise<void>;
  /** Deletes it. */
  dismiss(): Promise<void>;
}

type DraftSession = Pick<Session, 'editor' | 'openFile' | 'complain'>;

/** How masks become files and files masks. */
export interface MaskFiles {
  write(mask: Mask, bounds: Rect): Promise<Blob>;
  read(file: Blob, name: string, size: Size): Promise<Mask>;
}

/** So long after the last change it is kept. */
const QUIET_MS = 700;
/** Those of so many earlier times stay: another tab may still work on one. */
const MAX_KEPT = 3;

export function browserDrafts(session: DraftSession, files: MaskFiles): Drafts {
  return createDrafts(session, createDraftStore(), files, `${Date.now()} ${Math.random()}`);
}

/** @param id of this time that the page is open */
export function createDrafts(session: DraftSession, kept: DraftStore, files: MaskFiles, id: string): Drafts {
  const { editor } = session;
  const store = createStore<{ offered: Pick<Draft, 'id' | 'name'> | null }>(() => ({ offered: null }));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let keptPicture: Blob | null = null;
  /** One after the other: the last one stands. */
  let tail = Promise.resolve();

  const save = async () => {
    const { document } = editor;
    const { working } = editor.store.getState();
    // The end of the work is a change of its own.
    if (!document || working !== null) return;
    const { history, mask, name, picture, frame } = document;
    const bounds = history.paintBounds;
    if (!history.canUndo || isEmptyRect(bounds)) {
      // Nothing of a person's own is on the canvas.
      if (keptPicture) await kept.remove(id);
      keptPicture = null;
      return;
    }
    const { file } = picture;
    const draft = { id, name, mask: await files.write(mask, bounds), frame, savedAt: Date.now() };
    await kept.keep(draft, file === keptPicture ? undefined : file);
    keptPicture = file;
  };
  editor.store.subscribe((now, before) => {
    const isSame = (['maskRevision', 'pictureRevision', 'frame'] as const).every(
      (part) => now[part] === before[part],
    );
    if (isSame) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      // A browser that keeps nothing leaves painting as it is; that results are not kept is told by the gallery.
      tail = tail.then(save).catch(() => {});
    }, QUIET_MS);
  });

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
        const picture = await kept.picture(offered.id);
        if (!draft || !picture) throw new Error('it is no longer there');
        // Their bytes: files of the database may go with their entry, which is deleted below.
        const [file, maskFile] = await Promise.all([picture, draft.mask].map(copyOf));
        if (!file || !maskFile) throw new TypeError('two files were copied');
        // What could not be opened has been told; the draft stays.
        if (!(await session.openFile(file, draft.name))) return;
        const { document } = editor;
        if (!document) throw new TypeError('a picture is never closed, only replaced');
        await editor.replaceMask(await files.read(maskFile, draft.name, document.mask));
        if (draft.frame) editor.moveFrame(draft.frame);
        editor.endFrame();
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

async function copyOf(file: Blob): Promise<Blob> {
  return new Blob([await file.arrayBuffer()], { type: file.type });
}
