/**
 * Whose draft is whose: each tab holds its own by a Web Lock, knows it again after a reload, and leaves a mark while it
 * brings one back, which is still there where that ended the tab.
 */

export interface DraftHold {
  /** The draft that this tab worked on before it was loaded anew; null where there is none. */
  own(): string | null;
  /** Holds a draft as long as the page is open. @returns false where another tab does, or where nobody can know */
  claim(id: string): Promise<boolean>;
  /** Says which draft is this tab's from now on. */
  remember(id: string): void;
  /** Those that tabs hold now; null where nobody can know. */
  held(): Promise<ReadonlySet<string> | null>;
  /** Says that a draft is being brought back. @returns how to say that it is there */
  begin(id: string): () => void;
  /** Whether bringing it back ended the page the last time. */
  hasFailed(id: string): boolean;
  /** Whether this browser has kept a draft before, so that this is no first visit. */
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
      // Without locks a tab may take what it worked on itself: no other one has its memory, unless it was duplicated.
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
      // Whoever leaves or loads the page anew meanwhile has not lost it.
      addEventListener('pagehide', done);
      return done;
    },
    hasFailed: (id) => read(() => localStorage.getItem(RESTORING)) === id,
    visited: () => read(() => localStorage.getItem(VISITED)) !== null,
    visit: () => void read(() => localStorage.setItem(VISITED, 'yes')),
  };
}

/** Null where storage is forbidden. */
function read<Result>(access: () => Result): Result | null {
  try {
    return access();
  } catch {
    return null;
  }
}
