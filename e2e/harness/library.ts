/** The model library without the page: how a download ends, and which bytes are stored afterwards. */
import { createLocalEngine } from '../../src/engine/local';

export interface LibraryHarness {
  /** Models come from that hub from now on. */
  setHub(url: string, token?: string): void;
  /** @returns null, or the error that a person would read */
  download(name: string): Promise<{ name: string; message: string; field?: string } | null>;
  /** Names of the models that are kept whole. */
  kept(): Promise<string[]>;
  /** SHA-256 in hex of every file that is stored of models, weights and small files, by path; of notes about them none. */
  stored(): Promise<Record<string, string>>;
  removeAll(): Promise<void>;
}

declare global {
  interface Window {
    libraryHarness?: LibraryHarness;
  }
}

const { models } = createLocalEngine({
  provider: 'wasm',
  spawnLibrary: () =>
    new Worker(new URL('./libraryWorker.ts', import.meta.url), { type: 'module', name: 'library-harness' }),
});

async function digests(folder: FileSystemDirectoryHandle, path: string, found: Record<string, string>) {
  for await (const [name, handle] of folder.entries()) {
    if (handle instanceof FileSystemDirectoryHandle) await digests(handle, `${path}${name}/`, found);
    else if (path.split('/').length > 2 && handle instanceof FileSystemFileHandle) {
      const bytes = await (await handle.getFile()).arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      found[path + name] = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    }
  }
}

window.libraryHarness = {
  setHub: (url, token) => models.setHub({ url, token }),
  async download(model) {
    try {
      await models.download(model, { signal: new AbortController().signal, onProgress() {} });
      return null;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const { name, message } = error;
      return { name, message, ...('field' in error && { field: String(error.field) }) };
    }
  },
  async kept() {
    return (await models.list()).filter(({ facts }) => facts !== undefined).map(({ name }) => name);
  },
  async stored() {
    const root = await navigator.storage.getDirectory();
    const found: Record<string, string> = {};
    await digests(await root.getDirectoryHandle('models', { create: true }), '', found);
    return found;
  },
  async removeAll() {
    for (const { folder } of await models.list()) await models.remove(folder);
  },
};
