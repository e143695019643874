/**
 * Some browsers have no files for pages: WebKitGTK, some private windows, pages that come without https. There no model is
 * stored, and whoever wants to store one is told so; what comes with the page needs no store.
 */
import { DeviceError } from '../contract/errors';
import type { WeightStore } from './weights';

/**
 * @param isThere whether this browser has files for pages
 * @returns the store; where the browser has none, one that is empty and refuses to store
 */
export function orNothing(store: WeightStore, isThere = hasPrivateFiles): WeightStore {
  // Asked each time: a browser that is busy may refuse once.
  const here = async () => ((await isThere()) ? store : nothingStored);
  return {
    freeBytes: async () => (await here()).freeBytes(),
    hasRoomFor: async (bytes) => (await here()).hasRoomFor(bytes),
    models: async () => (await here()).models(),
    model(name) {
      const folder = async () => (await here()).model(name);
      return {
        readText: async (path) => (await folder()).readText(path),
        writeText: async (path, text) => (await folder()).writeText(path, text),
        writer: async (path) => (await folder()).writer(path),
        open: async (path) => (await folder()).open(path),
        remove: async (path) => (await folder()).remove(path),
        clear: async () => (await folder()).clear(),
      };
    },
    exclusively: async (name, signal, onWait, work) => (await here()).exclusively(name, signal, onWait, work),
    use: async (name) => (await here()).use(name),
    isBusy: async (name) => (await here()).isBusy(name),
    ifUnused: async (name, work) => (await here()).ifUnused(name, work),
  };
}

async function hasPrivateFiles(): Promise<boolean> {
  try {
    await navigator.storage.getDirectory();
    return true;
  } catch {
    return false;
  }
}

async function refuse(): Promise<never> {
  throw new DeviceError(
    'This browser window can’t store models. Open the page over https in a window that is not private, or in Chrome, Edge, ' +
      'Firefox or Safari. Remove and the starter model work here.',
  );
}

const nothingStored: WeightStore = {
  freeBytes: async () => undefined,
  // Room is not what is missing: `exclusively`, which comes before every write, says what is.
  hasRoomFor: async () => true,
  models: async () => [],
  model: () => ({
    readText: async () => undefined,
    writeText: refuse,
    writer: refuse,
    open: async () => undefined,
    remove: async () => {},
    clear: async () => {},
  }),
  exclusively: refuse,
  use: async () => () => {},
  isBusy: async () => false,
  async ifUnused(_name, work) {
    await work();
    return true;
  },
};
