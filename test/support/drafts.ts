/** A page that saves and restores drafts, in plain memory: its tabs, its gallery and its masks as files. */

import { createEditor } from '../../src/editor/store';
import type { DraftHold } from '../../src/state/session/draftLock';
import { createDrafts, type MaskFiles } from '../../src/state/session/drafts';
import { createSession } from '../../src/state/session/session';
import { createDraftStore } from '../../src/storage/draft';
import { fakeEngine, imaging } from './session';

/** Masks as their bytes. */
const files: MaskFiles = {
  write: async ({ data }) => new Blob([data]),
  read: async (file, _name, size) => ({ ...size, data: new Uint8Array(await file.arrayBuffer()) }),
};

/** The gallery as drafts see it: results under numbers. */
export function galleryOf(shelf: Map<number, Blob>) {
  const ids = new Map<Blob, number>();
  return {
    ids,
    idOf: async (file: Blob) => ids.get(file) ?? null,
    async entry(id: number) {
      const file = shelf.get(id);
      return file ? { file: new Blob([file], { type: file.type }), thumbnail: new Blob(['small']) } : null;
    },
    know: (file: Blob, id: number) => void ids.set(file, id),
  };
}

/** A browser's locks and memories. */
export function browser() {
  const locks = new Set<string>();
  let restoring: string | null = null;
  let visited = false;
  return {
    locks,
    /** @param own the draft that the tab remembers */
    tab(own: string | null = null) {
      const memory = { own };
      const hold: DraftHold = {
        own: () => memory.own,
        async claim(id) {
          if (locks.has(id)) return false;
          locks.add(id);
          return true;
        },
        remember(id) {
          memory.own = id;
        },
        held: async () => new Set(locks),
        begin(id) {
          restoring = id;
          return () => {
            restoring = null;
          };
        },
        hasFailed: (id) => restoring === id,
        visited: () => visited,
        visit() {
          visited = true;
        },
      };
      return { hold, memory };
    },
    close: (id: string) => void locks.delete(id),
    crashedAt(id: string) {
      restoring = id;
    },
  };
}

export interface PageOptions {
  /** What the gallery holds, of all times that the page is open. */
  shelf?: Map<number, Blob>;
  tab?: ReturnType<ReturnType<typeof browser>['tab']>;
  id: string;
  /** Pause after a change before it is saved. */
  quietMs?: number;
}

/** A page that doesn't know yet what it opens with. */
export function blank({ id, shelf = new Map(), tab = browser().tab(), quietMs = 20 }: PageOptions) {
  const session = createSession({ editor: createEditor(), engine: fakeEngine().engine, imaging });
  const kept = createDraftStore();
  const gallery = galleryOf(shelf);
  const drafts = createDrafts({ session, gallery, kept, files, hold: tab.hold, id, quietMs });
  const mask = () => Buffer.from(session.editor.document?.mask.data ?? []);
  const list = async () => (await kept.list()).map((draft) => draft.id);
  return { session, kept, gallery, drafts, mask, list, state: drafts.store.getState };
}

/** A page that has started, and opened an image if it found no draft. */
export async function page(options: PageOptions) {
  const made = blank(options);
  const visit = await made.drafts.start();
  if (visit !== 'restored') await made.session.openFile(new Blob(['x'], { type: 'image/png' }), 'photo.png');
  return { ...made, visit };
}
