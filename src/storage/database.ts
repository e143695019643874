/** IndexedDB databases that open when they are first needed. */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

export interface Database<Schema extends DBSchema> {
  /** Opens the database unless it is open. */
  open(): Promise<IDBPDatabase<Schema>>;
  /** Makes the next call open it again. */
  forget(): void;
}

/** Opening takes a few milliseconds; behind another tab's upgrade it would wait for ever, without an event. */
const OPEN_MS = 5_000;

/** The database did not open in time. */
export class DatabaseBusyError extends Error {
  override name = 'DatabaseBusyError';
}

/** @throws DatabaseBusyError; a database that opens later is closed at once, so that it blocks no other tab */
async function inTime<Schema extends DBSchema>(
  opening: Promise<IDBPDatabase<Schema>>,
): Promise<IDBPDatabase<Schema>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      opening.then((db) => db.close()).catch(() => {});
      reject(new DatabaseBusyError(`no answer for ${OPEN_MS / 1000} s`));
    }, OPEN_MS);
  });
  try {
    return await Promise.race([opening, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Opens the database when it is first needed, and again after it was closed.
 * @param create creates the object stores of the first version
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
          // A newer version of the page is waiting in another tab.
          blocking(_current, _next, event) {
            forget();
            (event.target as IDBDatabase).close();
          },
          terminated: forget,
        }),
      );
      const own = opened;
      own.catch(() => {
        // Another call may have opened it again meanwhile.
        if (opened === own) forget();
      });
      return opened;
    },
    forget,
  };
}
