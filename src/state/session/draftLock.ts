/**
 * Which tab owns which draft: each tab holds its own by a Web Lock, recognises it after a reload, and sets a mark while it
 * restores one. If the mark is still there later, restoring ended the tab.
 */

export interface DraftHold {
  /** The draft that this tab had before it was reloaded; null if there isn't one. */
  own(): string | null;
  /** Holds a draft as long as the page is open. @returns false if another tab does, or if that can't be known */
  claim(id: string): Promise<boolean>;
  /** Makes a draft this tab's from now on. */
  remember(id: string): void;
  /** The drafts that tabs hold now; null if that can't be known. */
  held(): Promise<ReadonlySet<string> | null>;
  /** Notes that a draft is being restored. @returns a function that notes that it is restored */
  begin(id: string): () => void;
  /** Whether restoring it ended the page the last time. */
  hasFailed(id: string): boolean;
  /** Whether this browser has stored a draft before, so that this is not a first visit. */
  visited(): boolean;
  visit(): void;
}

const OWN = 'inlay.draft';
const RESTORING = 'inlay.restoring';
const VISITED = 'inlay.visited';
const lockName = (id: string) => `inlay draft ${id}`;

export function browserHold(): DraftHold {
  const locks = (navigator as Partial<Navigator>).locks;
  return {
    own: () => read(() => sessionStorage.getItem(OWN)),
    async claim(id) {
      // Without locks a tab may take its own former draft: no other tab remembers it, unless the tab was duplicated.
      if (!locks) return read(() => sessionStorage.getItem(OWN)) === id;
      return new Promise<boolean>((resolve) => {
        locks
          .request(lockName(id), { ifAvailable: true }, (lock) => {
            resolve(lock !== null);
            // Held until the page is gone.
            return lock ? new Promise<void>(() => {}) : undefined;
          })
          .catch(() => resolve(false));
      });
    },
    remember: (id) => void read(() => sessionStorage.setItem(OWN, id)),
    async held() {
      if (!locks) return null;
      const { held = [] } = await locks.query();
      const start = lockName('');
      return new Set(held.flatMap(({ name }) => (name?.startsWith(start) ? [name.slice(start.length)] : [])));
    },
    begin(id) {
      read(() => localStorage.setItem(RESTORING, id));
      const done = () => {
        removeEventListener('pagehide', done);
        read(() => localStorage.removeItem(RESTORING));
      };
      // Leaving or reloading the page meanwhile does not count as losing it.
      addEventListener('pagehide', done);
      return done;
    },
    hasFailed: (id) => read(() => localStorage.getItem(RESTORING)) === id,
    visited: () => read(() => localStorage.getItem(VISITED)) !== null,
    visit: () => void read(() => localStorage.setItem(VISITED, 'yes')),
  };
}

/** Null if storage is forbidden. */
function read<Result>(access: () => Result): Result | null {
  try {
    return access();
  } catch {
    return null;
  }
}
