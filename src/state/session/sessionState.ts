/** What the page offers to bring back, and what it is saving. One store, written only here. */
import { createStore } from 'zustand/vanilla';
import type { Draft } from '../../storage/draft';
import type { FileType } from '../pictures/versions';
import type { Found } from '../settings/recipes';
import type { ReadonlyStore } from '../settings/settingsStore';

/** A draft that was found but not restored by itself. */
export interface OfferedDraft extends Pick<Draft, 'id' | 'name'> {
  /** `held`: another tab has it open; `failed`: restoring it failed or ended the page; `aside`: the user put it away. */
  why: 'held' | 'failed' | 'aside';
  /** It was put away in this visit: the page says so, and where it is. */
  isNew?: boolean;
}

export interface SessionState {
  /** Whether it is still unknown what the page opens with. */
  starting: boolean;
  offered: OfferedDraft | null;
  /** The image that was restored by itself, until the user works on it. */
  restored: string | null;
  /** The settings in the image that was opened last, until they are taken or declined. */
  found: Found | null;
  /** Grows with each image that was copied. */
  copies: number;
  /** The file or copy that is being made. */
  busy: 'copy' | FileType | null;
}

/** The store and all that changes it. */
export interface SessionStore {
  readonly store: ReadonlyStore<SessionState>;
  started(): void;
  offerDraft(offered: OfferedDraft | null): void;
  noteRestored(restored: string | null): void;
  offerRecipe(found: Found | null): void;
  beginSaving(busy: NonNullable<SessionState['busy']>): void;
  endSaving(): void;
  countCopy(): void;
}

export function createSessionState(): SessionStore {
  const store = createStore<SessionState>(() => ({
    starting: true,
    offered: null,
    restored: null,
    found: null,
    copies: 0,
    busy: null,
  }));
  const { setState } = store;
  return {
    store,
    started: () => setState({ starting: false }),
    offerDraft: (offered) => setState({ offered }),
    noteRestored: (restored) => setState({ restored }),
    offerRecipe: (found) => setState({ found }),
    beginSaving: (busy) => setState({ busy }),
    endSaving: () => setState({ busy: null }),
    countCopy: () => setState(({ copies }) => ({ copies: copies + 1 })),
  };
}
