/** Records stored by another version of the page, or damaged by a crash: journals, manifests, drafts, the gallery. */
import fc from 'fast-check';
import { type IDBPDatabase, openDB } from 'idb';
import { parseRequest } from '../../../src/contract/engine';
import { recipeOf } from '../../../src/contract/recipe';
import {
  readJournal,
  readManifest,
  receivedBytes,
  unfinishedBytes,
} from '../../../src/model/prepare/journal';
import { openStored } from '../../../src/model/prepare/prepared';
import { createDraftStore } from '../../../src/storage/draft';
import { createGalleryStore } from '../../../src/storage/gallery';
import type { ModelFolder, WeightStore } from '../../../src/storage/weights';
import { mutatedJson, mutatedObject } from '../mutate';
import { target } from '../target';
import { isNamed } from './bases';

const shard = { path: 'unet/0', size: 4, digest: '0'.repeat(32) };
const fileState = {
  identity: 'sha256:0',
  size: 4,
  validator: '"etag"',
  layout: '0',
  paths: ['unet/0'],
  progress: { position: 2, sha256State: 'AAAA', shards: [{ ...shard, position: 2, digestState: 'AAAA' }] },
  done: [shard],
  lost: [],
};
const journal = {
  version: 3,
  model: { name: 'a/model', location: 'https://example.org/', precision: 'fp32', downloadBytes: 4 },
  files: { 'unet/model.safetensors': fileState },
};
const manifest = {
  version: 2,
  name: 'a/model',
  location: 'https://example.org/',
  precision: 'fp32',
  notes: [],
  downloadBytes: 4,
  storedBytes: 4,
  sources: { 'unet/model.safetensors': fileState },
  components: { unet: { precision: 'fp32', shards: [shard] } },
  files: ['unet/config.json'],
};

/** A folder whose every text is the same. */
function folderOf(text: string): ModelFolder {
  return {
    readText: async () => text,
    writeText: async () => {},
    writer: async () => ({ write() {}, truncate() {}, flush() {}, close() {} }),
    open: async () => new Blob([text]),
    remove: async () => {},
    clear: async () => {},
  };
}

function storeOf(folder: ModelFolder): WeightStore {
  return {
    freeBytes: async () => undefined,
    hasRoomFor: async () => true,
    models: async () => ['x'],
    model: () => folder,
    exclusively: (_name, _signal, _onWait, work) => work(),
    use: async () => () => {},
    isBusy: async () => false,
    async ifUnused(_name, work) {
      await work();
      return true;
    },
  };
}

const cut = (texts: fc.Arbitrary<string>) =>
  fc
    .tuple(
      texts,
      fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
    )
    .map(([text, part]) => text.slice(0, Math.ceil(text.length * part)));

const draft = {
  id: 'now',
  name: 'photo.png',
  frame: { x: 0, y: 0, width: 64, height: 64 },
  versions: [
    {
      id: 1,
      parentId: 0,
      prompt: 'a',
      seed: 1,
      modelName: 'starter',
      seconds: 1,
      batch: null,
      origin: { x: 0, y: 0 },
      width: 64,
      height: 64,
      galleryId: null,
      isKept: true,
    },
  ],
  baseId: 0,
  prompt: 'a cat',
  negativePrompt: '',
  savedAt: 1,
};
const recipe = recipeOf({
  engine: 'local',
  request: parseRequest({ model_name: 'starter', prompt: 'a', image_url: 'data:,', mask_url: 'data:,' }),
  options: { strength: 1 },
  page: {},
  seed: 1,
  width: 64,
  height: 64,
  madeAt: new Date(0),
});

/** Puts a record as it stands where those of this version lie, lists, and clears. @returns how many are listed */
function kept(database: string, storeName: string, list: () => Promise<readonly unknown[]>) {
  let db: IDBPDatabase;
  return {
    async open() {
      await list();
      db = await openDB(database);
    },
    async close() {
      db.close();
    },
    async listedOf(record: object): Promise<number> {
      await db.put(storeName, record);
      const { length } = await list();
      await db.clear(storeName);
      return length;
    },
  };
}
const draftStore = createDraftStore();
const drafts = kept('inlay-drafts', 'drafts', () => draftStore.list());
const gallery = createGalleryStore();
const entries = kept('inlay-gallery', 'entries', () => gallery.list());

export const recordTargets = [
  target({
    name: 'journal of a download',
    input: cut(mutatedJson(journal)),
    async take(text) {
      const read = await readJournal(folderOf(text));
      if (!Number.isFinite(receivedBytes(read)) || !Number.isFinite(unfinishedBytes(read)))
        throw new Error('no number');
      return Object.keys(read.files).length > 0;
    },
    isRefusal: isNamed,
  }),
  target({
    name: 'description of a kept model',
    input: cut(mutatedJson(manifest)),
    async take(text) {
      const folder = folderOf(text);
      if ((await readManifest(folder)) === undefined) return false;
      const files = await openStored(storeOf(folder), 'x');
      await files?.read('unet/config.json');
      // Its one shard is never what was stored: that is refused, and marks the model as unfinished.
      await files?.openWeights('unet', 'F32').catch((error: unknown) => {
        if (!isNamed(error)) throw error;
      });
      return true;
    },
    isRefusal: isNamed,
  }),
  target({
    name: 'drafts',
    input: mutatedObject(draft),
    open: drafts.open,
    close: drafts.close,
    async take(record) {
      if (!isRecord(record) || typeof record.id !== 'string') return false;
      return (await drafts.listedOf({ ...record, mask: new Blob() })) > 0;
    },
    isRefusal: isNamed,
  }),
  target({
    name: 'gallery entries',
    input: mutatedObject({ recipe, bytes: 4 }),
    open: entries.open,
    close: entries.close,
    async take(record) {
      if (!isRecord(record)) return false;
      const { id: _id, ...rest } = record;
      return (await entries.listedOf({ ...rest, thumbnail: new Blob() })) > 0;
    },
    isRefusal: isNamed,
  }),
];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
