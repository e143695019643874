import { afterEach, expect, it, vi } from 'vitest';
import { type TemporaryStore, temporaryStore } from '../../test/support/hub/hubServer';
import { DeviceError } from '../contract/errors';
import { assistantFiles } from './assistants';
import { orNothing } from './orNothing';
import type { WeightStore } from './weights';

const about = { id: 'a/b', title: 'B', does: 'Select', location: 'here' };
/** Where the browser has no files, every use of them fails. */
const unusable = {} as WeightStore;
const signal = new AbortController().signal;
let temporary: TemporaryStore | undefined;
afterEach(async () => {
  vi.unstubAllGlobals();
  await temporary?.remove();
  temporary = undefined;
});

it.each([
  ['has no storage at all', {}],
  [
    'refuses its files',
    { storage: { getDirectory: () => Promise.reject(new DOMException('no', 'SecurityError')) } },
  ],
])(
  'holds nothing where the browser %s, and says so when something is to be stored',
  async (_what, navigator) => {
    vi.stubGlobal('navigator', navigator);
    const store = orNothing(unusable);
    expect(await store.models()).toEqual([]);
    expect(await store.freeBytes()).toBeUndefined();
    expect(await store.isBusy('a')).toBe(false);
    (await store.use('a'))();
    const files = assistantFiles(store, about);
    expect(await files.read('x')).toBeUndefined();
    const writing = files.write('x', new Blob(['abc']), { signal });
    await expect(writing).rejects.toThrow(DeviceError);
    await expect(writing).rejects.toThrow('Remove and the starter model work here');
  },
);

it('is the browser’s own store where it has one', async () => {
  temporary = await temporaryStore();
  const store = orNothing(temporary.store, async () => true);
  const files = assistantFiles(store, about);
  await files.write('x', new Blob(['abc']), { signal });
  expect(await (await files.read('x'))?.text()).toBe('abc');
  expect(await store.models()).toHaveLength(1);
});
