import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TemporaryStore, temporaryStore } from '../../test/support/hub/hubServer';
import { nodePlatform } from '../node/platform';
import { inpaint } from '../pipeline/inpaint';
import { createHost } from './createHost';

const call = { signal: new AbortController().signal, onProgress() {} };
let temporary: TemporaryStore;
beforeAll(async () => {
  temporary = await temporaryStore();
});
afterAll(() => temporary.remove());

it('loads the starter model beforehand, piece by piece, and leaves the first run nothing to read', async () => {
  const platform = {
    ...nodePlatform({ threads: 1, hub: { url: 'http://127.0.0.1:9' } }),
    store: temporary.store,
  };
  const { files } = platform.starter;
  if (files === undefined) throw new Error('the starter model has no files');
  let reads = 0;
  const read: typeof files.read = (path, options) => {
    reads++;
    return files.read(path, options);
  };
  const warming = createHost({ ...platform, starter: { ...platform.starter, files: { ...files, read } } });
  let pieces = 1;
  while (await warming.warmUp()) pieces++;
  expect(pieces).toBe(7);
  const before = reads;
  expect(before).toBeGreaterThan(8);
  const picture = { width: 64, height: 64, data: new Uint8ClampedArray(64 * 64 * 4).fill(255) };
  await warming.withModel({ name: 'starter' }, picture, call, async ({ model }) => {
    if (model.task !== 'inpaint') throw new Error('another kind of model');
    const settings = {
      prompt: 'a cat',
      negativePrompt: '',
      guidanceScale: 1,
      steps: 1,
      seed: 1,
      strength: 1,
    };
    const job = { ...settings, width: 64, height: 64, image: picture, mask: picture };
    expect((await inpaint(model, job, call)).pixels.width).toBe(64);
  });
  expect(reads).toBe(before);
  await warming.release();
});
