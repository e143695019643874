import 'fake-indexeddb/auto';
import { IDBFactory, IDBObjectStore, IDBOpenDBRequest } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { recipeOf } from '../contract/recipe';
import { localOptionsSchema } from '../contract/schema';
import { createGalleryStore } from './gallery';

const recipe = (prompt: string) =>
  recipeOf({
    engine: 'local',
    request: {
      model_name: 'starter',
      prompt,
      negative_prompt: '',
      num_inference_steps: 3,
      guidance_scale: 7.5,
    },
    options: localOptionsSchema.parse({}),
    seed: 1,
    width: 8,
    height: 8,
    madeAt: new Date(0),
  });
const blob = (text: string) => new Blob([text], { type: 'image/png' });
const estimate = async () => ({ quota: 1000, usage: 400 });

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it('keeps results with their recipes over a reload, newest first', async () => {
  await createGalleryStore(estimate).add(recipe('one'), blob('12345'), blob('123'));
  const id = await createGalleryStore(estimate).add(recipe('two'), blob('678'), blob('12'));
  const store = createGalleryStore(estimate);
  const items = await store.list();
  expect(items.map(({ recipe: { request } }) => request.prompt)).toEqual(['two', 'one']);
  expect(items[0]).toMatchObject({ id, recipe: recipe('two'), bytes: 5 });
  expect(await items[0]?.thumbnail.text()).toBe('12');
  expect(await (await store.picture(id)).text()).toBe('678');
  expect(await store.storage()).toEqual({ usedBytes: 13, freeBytes: 600 });
  expect(await createGalleryStore(async () => ({})).storage()).toEqual({ usedBytes: 13 });
  const blanket = async () => ({ quota: 400 + 10 * 2 ** 30, usage: 400 });
  expect(await createGalleryStore(blanket).storage()).toEqual({ usedBytes: 13 });
});

it('deletes one with its picture, and all', async () => {
  const store = createGalleryStore(estimate);
  const first = await store.add(recipe('one'), blob('1'), blob('1'));
  const second = await store.add(recipe('two'), blob('2'), blob('2'));
  await store.add(recipe('three'), blob('3'), blob('3'));
  await store.remove(first);
  await expect(store.picture(first)).rejects.toMatchObject({
    name: 'GalleryError',
    message: expect.stringContaining('deleted'),
  });
  expect((await store.list()).map(({ id }) => id)).toEqual([second + 1, second]);
  // Brought back, it has its id, its place and its picture again.
  const item = { id: first, recipe: recipe('one'), thumbnail: blob('1'), bytes: 2 };
  await store.restore(item, blob('1'));
  expect((await store.list()).map(({ id }) => id)).toEqual([second + 1, second, first]);
  expect(await (await store.picture(first)).text()).toBe('1');
  await store.clear();
  expect(await store.list()).toEqual([]);
  await expect(store.picture(second)).rejects.toThrow('deleted');
  expect(await store.storage()).toMatchObject({ usedBytes: 0 });
});

it('says that the storage is full, keeps no half of a result, and works again afterwards', async () => {
  const store = createGalleryStore(estimate);
  const add = IDBObjectStore.prototype.add;
  const spy = vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(function (
    this: IDBObjectStore,
    ...args: Parameters<typeof add>
  ) {
    if (this.name === 'pictures') {
      this.transaction.abort();
      throw new DOMException('full', 'QuotaExceededError');
    }
    return add.apply(this, args);
  });
  await expect(store.add(recipe('one'), blob('1'), blob('1'))).rejects.toMatchObject({
    name: 'GalleryError',
    message: expect.stringContaining('no more storage'),
  });
  spy.mockRestore();
  expect(await store.list()).toEqual([]);
  await store.add(recipe('two'), blob('2'), blob('2'));
  expect(await store.list()).toHaveLength(1);
});

it('says that nothing is kept where the browser forbids it, and asks again the next time', async () => {
  const open = vi.spyOn(indexedDB, 'open').mockImplementation(() => {
    throw new DOMException('not allowed here', 'InvalidStateError');
  });
  const store = createGalleryStore(estimate);
  await expect(store.list()).rejects.toMatchObject({
    name: 'GalleryError',
    message: expect.stringContaining('private window (not allowed here)'),
  });
  open.mockRestore();
  expect(await store.list()).toEqual([]);
});

it('waits no longer than five seconds for a database that another tab holds, and asks again the next time', async () => {
  vi.useFakeTimers();
  try {
    const open = vi.spyOn(indexedDB, 'open').mockImplementation(() => new IDBOpenDBRequest());
    const store = createGalleryStore(estimate);
    const refused = expect(store.list()).rejects.toMatchObject({
      name: 'GalleryError',
      message: expect.stringMatching(/another tab blocks it .*5 s.*Close Inlay’s other tabs/),
    });
    await vi.advanceTimersByTimeAsync(5_000);
    await refused;
    open.mockRestore();
    vi.useRealTimers();
    expect(await store.list()).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

it('says where a newer version of the page made the database', async () => {
  await new Promise((resolve, reject) => {
    const request = indexedDB.open('inlay-gallery', 99);
    request.onsuccess = () => resolve(request.result.close());
    request.onerror = () => reject(request.error);
  });
  await expect(createGalleryStore(estimate).list()).rejects.toMatchObject({
    name: 'GalleryError',
    message: expect.stringMatching(/a newer version of this page\. Reload/),
  });
});

it('lets a newer version of the page have the database', async () => {
  const store = createGalleryStore(estimate);
  await store.list();
  const deleted = await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase('inlay-gallery');
    request.onsuccess = () => resolve('deleted');
    request.onerror = () => reject(request.error);
  });
  expect(deleted).toBe('deleted');
  expect(await store.list()).toEqual([]);
});
