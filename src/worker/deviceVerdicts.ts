/** What was learnt about this device, kept in IndexedDB between visits: workers have no localStorage. */
import type { DBSchema } from 'idb';
import type { VerdictStore } from '../model/runtime/canary';
import { createDatabase } from '../storage/database';

interface Schema extends DBSchema {
  keyval: { key: string; value: string };
}

/** Database and store are named as earlier versions of the page named them, so that nothing is measured twice. */
export function verdictStore(): VerdictStore {
  const database = createDatabase<Schema>('keyval-store', (db) => {
    db.createObjectStore('keyval');
  });
  return {
    get: async (key) => (await database.open()).get('keyval', key),
    async set(key, value) {
      await (await database.open()).put('keyval', value, key);
    },
  };
}
