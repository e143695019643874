/**
 * Prepared models in the origin private file system. Runs only in a dedicated worker, because synchronous access handles,
 * the only fast way to write, exist nowhere else.
 */
import { freeRoom } from './freeRoom';
import { orNothing } from './orNothing';
import { isOutOfSpace, type ModelFolder, type StoredWriter, type WeightStore } from './weights';

const FOLDER = 'models';
/** A file that is created, enlarged and removed, to see whether the browser allows it. */
const TRIAL = 'trial-of-room';

/** The store of this browser. @returns an empty one that refuses to store where the browser has no such files */
export function weightStoreHere(): WeightStore {
  return orNothing(opfsWeightStore());
}

/** Its locks across tabs are Web Locks, which end with the tab that holds them. */
function opfsWeightStore(): WeightStore {
  const models = async (): Promise<FileSystemDirectoryHandle> => {
    const root = await navigator.storage.getDirectory();
    return root.getDirectoryHandle(FOLDER, { create: true });
  };
  return {
    async freeBytes() {
      return freeRoom(await navigator.storage.estimate());
    },
    hasRoomFor: (bytes) => navigator.locks.request('inlay trial of room', () => tryRoom(bytes)),
    async models() {
      const names: string[] = [];
      for await (const [name, handle] of (await models()).entries()) {
        if (handle.kind === 'directory') names.push(name);
      }
      return names.sort();
    },
    model: (name) => opfsFolder(models, name),
    exclusively: (name, signal, onWait, work) => withLock(preparing(name), signal, onWait, work),
    async use(name) {
      let release = () => {};
      const unused = new Promise<void>((resolve) => {
        release = resolve;
      });
      await new Promise<void>((resolve, reject) => {
        const hold = () => {
          resolve();
          return unused;
        };
        navigator.locks.request(using(name), { mode: 'shared' }, hold).catch(reject);
      });
      return release;
    },
    isBusy: async (name) => isHeld(preparing(name)),
    ifUnused: (name, work) =>
      whenFree(preparing(name), () =>
        whenFree(using(name), async () => {
          await work();
          return true;
        }),
      ),
  };
}

/**
 * Enlarging a file takes no time and writes nothing, but is checked against the enforced quota. Chrome's private windows,
 * which hold files in memory, check only when bytes are written: there a download fails once storage is full.
 */
async function tryRoom(bytes: number): Promise<boolean> {
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle(TRIAL, { create: true });
  const access = await handle.createSyncAccessHandle();
  try {
    access.truncate(bytes);
    return true;
  } catch (error) {
    if (isOutOfSpace(error)) return false;
    throw error;
  } finally {
    access.truncate(0);
    access.close();
    await root.removeEntry(TRIAL);
  }
}

const preparing = (name: string) => `inlay model ${name}`;
const using = (name: string) => `inlay use of ${name}`;

async function isHeld(lock: string): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === lock);
}

function whenFree(lock: string, work: () => Promise<boolean>): Promise<boolean> {
  return navigator.locks.request(lock, { ifAvailable: true }, (granted) =>
    granted === null ? false : work(),
  );
}

async function withLock<Result>(
  name: string,
  signal: AbortSignal,
  onWait: () => void,
  work: () => Promise<Result>,
): Promise<Result> {
  if (await isHeld(name)) onWait();
  return navigator.locks.request(name, { signal }, work);
}

function opfsFolder(models: () => Promise<FileSystemDirectoryHandle>, name: string): ModelFolder {
  const find = async (path: string, create: boolean): Promise<FileSystemFileHandle | undefined> => {
    const parts = path.split('/');
    const file = parts.pop() ?? '';
    return orAbsent(async () => {
      let folder = await (await models()).getDirectoryHandle(name, { create });
      for (const part of parts) folder = await folder.getDirectoryHandle(part, { create });
      return folder.getFileHandle(file, { create });
    });
  };
  const make = async (path: string): Promise<FileSystemFileHandle> => {
    const handle = await find(path, true);
    if (handle === undefined) throw new Error(`${path} could not be created`);
    return handle;
  };
  return {
    async readText(path) {
      const handle = await find(path, false);
      return (await handle?.getFile())?.text();
    },
    async writeText(path, text) {
      const handle = await make(path);
      // Takes effect as a whole when it is closed. Safari has it since version 26.
      if ('createWritable' in handle) {
        const writable = await handle.createWritable();
        await writable.write(text);
        await writable.close();
        return;
      }
      const writer = await openWriter(handle);
      try {
        const bytes = new TextEncoder().encode(text);
        writer.truncate(0);
        writer.write(bytes, 0);
        writer.flush();
      } finally {
        writer.close();
      }
    },
    writer: async (path) => openWriter(await make(path)),
    async open(path) {
      return (await find(path, false))?.getFile();
    },
    async remove(path) {
      const parts = path.split('/');
      const file = parts.pop() ?? '';
      await orAbsent(async () => {
        let folder = await (await models()).getDirectoryHandle(name);
        for (const part of parts) folder = await folder.getDirectoryHandle(part);
        await folder.removeEntry(file);
      });
    },
    async clear() {
      await orAbsent(async () => (await models()).removeEntry(name, { recursive: true }));
    },
  };
}

async function openWriter(handle: FileSystemFileHandle): Promise<StoredWriter> {
  const access = await handle.createSyncAccessHandle();
  return {
    write(bytes, at) {
      const written = access.write(bytes as Uint8Array<ArrayBuffer>, { at });
      // Firefox and Safari report a full disk by a short write.
      if (written < bytes.byteLength) {
        throw new DOMException(`${written} of ${bytes.byteLength} bytes were stored`, 'QuotaExceededError');
      }
    },
    truncate: (size) => access.truncate(size),
    flush: () => access.flush(),
    close: () => access.close(),
  };
}

async function orAbsent<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}
