/** Prepared models in a folder on disk, in the same form as in the browser. */
import { openAsBlob } from 'node:fs';
import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ModelFolder, StoredWriter, WeightStore } from '../storage/weights';

/** How often a process that waits for another one checks again. */
const POLL_MS = 200;
/** Between a model's name and the process that uses it. */
const USE = '.use-';

/** `INLAY_CACHE`, or else the system's cache folder. */
function defaultCacheFolder(): string {
  const { INLAY_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const caches =
    process.platform === 'win32'
      ? (LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'))
      : process.platform === 'darwin'
        ? join(homedir(), 'Library', 'Caches')
        : (XDG_CACHE_HOME ?? join(homedir(), '.cache'));
  return INLAY_CACHE ?? join(caches, 'inlay');
}

/** @param folder created if it is missing */
export function diskWeightStore(folder = defaultCacheFolder()): WeightStore {
  const models = join(folder, 'models');
  return {
    async freeBytes() {
      await mkdir(models, { recursive: true });
      const { bavail, bsize } = await statfs(models);
      return bavail * bsize;
    },
    // `freeBytes` tells.
    hasRoomFor: async () => true,
    async models() {
      const entries = await orAbsent(readdir(models, { withFileTypes: true }));
      return (entries ?? [])
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort();
    },
    model: (name) => diskFolder(join(models, name)),
    async exclusively(name, signal, onWait, work) {
      await mkdir(models, { recursive: true });
      const release = await takeLock(join(models, `${name}.lock`), signal, onWait);
      try {
        return await work();
      } finally {
        await release();
      }
    },
    async use(name) {
      await mkdir(models, { recursive: true });
      const { path, holder } = newUse(models, name);
      await writeFile(path, holder);
      return () => void orAbsent(unlink(path));
    },
    isBusy: async (name) => {
      const holder = await holderOf(join(models, `${name}.lock`));
      return holder !== undefined && isAlive(holder);
    },
    async ifUnused(name, work) {
      if ((await this.isBusy(name)) || (await isUsed(models, name))) return false;
      await this.exclusively(name, new AbortController().signal, () => {}, work);
      return true;
    },
  };
}

function diskFolder(root: string): ModelFolder {
  return {
    readText: (path) => orAbsent(readFile(join(root, path), 'utf8')),
    async writeText(path, text) {
      const full = join(root, path);
      await mkdir(dirname(full), { recursive: true });
      const draft = `${full}.new`;
      const file = await open(draft, 'w');
      try {
        await file.writeFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(draft, full);
    },
    writer: (path) => openWriter(join(root, path)),
    async open(path) {
      const full = join(root, path);
      if ((await orAbsent(stat(full))) === undefined) return undefined;
      return openAsBlob(full);
    },
    async remove(path) {
      await orAbsent(unlink(join(root, path)));
    },
    clear: () => rm(root, { recursive: true, force: true }),
  };
}

async function openWriter(full: string): Promise<StoredWriter> {
  await mkdir(dirname(full), { recursive: true });
  // 'r+' keeps the content but does not create the file; 'a' creates it and changes nothing.
  await (await open(full, 'a')).close();
  const file = await open(full, 'r+');
  return {
    async write(bytes, at) {
      for (let done = 0; done < bytes.byteLength; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, at + done);
        done += bytesWritten;
      }
    },
    truncate: (size) => file.truncate(size),
    flush: () => file.datasync(),
    close: () => file.close(),
  };
}

/** The lock is a file that names its process; the lock of a process that ended is taken over. */
async function takeLock(path: string, signal: AbortSignal, onWait: () => void): Promise<() => Promise<void>> {
  const mine = ownHolder();
  let waiting = false;
  for (;;) {
    signal.throwIfAborted();
    try {
      await writeFile(path, mine, { flag: 'wx' });
      return async () => {
        if ((await holderOf(path)) === mine) await orAbsent(unlink(path));
      };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const holder = await holderOf(path);
    if (holder !== undefined && !isAlive(holder)) {
      await removeDead(path, holder, mine);
      continue;
    }
    if (!waiting) onWait();
    waiting = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Removes a dead process's lock. One process at a time does so, and checks again first: another one may already have
 * replaced it with its own.
 */
async function removeDead(path: string, holder: string, mine: string): Promise<void> {
  const removing = `${path}.removing`;
  try {
    await writeFile(removing, mine, { flag: 'wx' });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const remover = await holderOf(removing);
    if (remover !== undefined && !isAlive(remover)) await orAbsent(unlink(removing));
    return;
  }
  try {
    if ((await holderOf(path)) === holder) await orAbsent(unlink(path));
  } finally {
    await orAbsent(unlink(removing));
  }
}

/** A process's sign that it reads a model: files of an open model are read at their first use. */
function newUse(models: string, name: string): { path: string; holder: string } {
  const holder = ownHolder();
  return { path: join(models, `${name}${USE}${holder.replace(' ', '-')}`), holder };
}

/** Whether a living process reads the model. Signs of dead ones are removed. */
async function isUsed(models: string, name: string): Promise<boolean> {
  const entries = (await orAbsent(readdir(models))) ?? [];
  let isRead = false;
  for (const entry of entries.filter((entry) => entry.startsWith(`${name}${USE}`))) {
    const path = join(models, entry);
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    if (isAlive(holder)) isRead = true;
    else await orAbsent(unlink(path));
  }
  return isRead;
}

function ownHolder(): string {
  return `${process.pid} ${Math.random().toString(36).slice(2)}`;
}

/** @returns process id and a random number, as one string; undefined if there is no lock */
function holderOf(path: string): Promise<string | undefined> {
  return orAbsent(readFile(path, 'utf8'));
}

function isAlive(holder: string): boolean {
  // It is being written.
  if (holder === '') return true;
  try {
    process.kill(Number.parseInt(holder, 10), 0);
    return true;
  } catch (error) {
    // EPERM: it is alive, and belongs to another user.
    return codeOf(error) === 'EPERM';
  }
}

async function orAbsent<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
