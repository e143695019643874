import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

export interface Database<Schema extends DBSchema> {
  /** Opens it where it is not open. */
  open(): Promise<IDBPDatabase<Schema>>;
  /** The next call opens it anew. */
  forget(): void;
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
      opened ??= openDB<Schema>(name, 1, {
        upgrade: create,
        // A newer version of the page waits in another tab.
        blocking(_current, _next, event) {
          forget();
          (event.target as IDBDatabase).close();
        },
        terminated: forget,
      });
      opened.catch(forget);
      return opened;
    },
    forget,
  };
}
