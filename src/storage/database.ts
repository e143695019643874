import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

export interface Database<Schema extends DBSchema> {
  /** Opens it where it is not open. */
  open(): Promise<IDBPDatabase<Schema>>;
  /** The next call opens it anew. */
  forget(): void;
}

/** Milliseconds. Opening takes a few; one that stands behind another tab's change is told nothing, and would wait for ever. */
const OPEN_MS = 5_000;

/** The database did not open in time. */
export class DatabaseBusyError extends Error {
  override name = 'DatabaseBusyError';
}

/** @throws DatabaseBusyError; a database that opens later is closed at once, so that it holds up nobody else */
async function inTime<Schema extends DBSchema>(
  opening: Promise<IDBPDatabase<Schema>>,
): Promise<IDBPDatabase<Schema>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      opening.then((db) => db.close()).catch(() => {});
      reject(new DatabaseBusyError(`no answer came for ${OPEN_MS / 1000} s`));
    }, OPEN_MS);
  });
  try {
    return await Promise.race([opening, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * An IndexedDB database that is opened when it is first needed, and again after it was closed.
 * @param create makes the stores of the first version
 */
export function createDatabase<Schema extends DBSchema>(
  name: string,
  create: (db: IDBPDatabase<Schema>) => void,
): Database<Schema> {
  let opened: Promise<IDBPDatabase<Schema>> | null = null;
  const forget = () => {
    opened = null;
  };
  return {
    open() {
      opened ??= inTime(
        openDB<Schema>(name, 1, {
          upgrade: create,
          // A newer version of the page waits in another tab.
          blocking(_current, _next, event) {
            forget();
            (event.target as IDBDatabase).close();
          },
          terminated: forget,
        }),
      );
      const own = opened;
      own.catch(() => {
        // Another call may have begun anew meanwhile.
        if (opened === own) forget();
      });
      return opened;
    },
    forget,
  };
}
