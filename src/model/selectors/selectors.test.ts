/** Selectors from the local hub, in a store on the disk. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { memoryFile } from '../../../test/support/hub/files';
import { type Hub, startHub } from '../../../test/support/hub/hub';
import { hastyConnection, type TemporaryStore, temporaryStore } from '../../../test/support/hub/hubServer';
import { selectorRepos } from '../../../test/support/hub/selectors';
import { selectors } from '../../contract/selectors';
import { folderFiles } from '../../node/folder';
import { createLibrary, type Library } from '../library';
import { openSelector } from './open';
import { describeSelector, downloadSelector } from './selectors';

const SAM2 = 'onnx-community/sam2.1-hiera-tiny-ONNX';
const TOKEN = 'hf_secret';
const { signal } = new AbortController();
let hub: Hub;
let temporary: TemporaryStore;
let library: Library;

beforeAll(async () => {
  hub = await startHub({ repos: await selectorRepos() });
});
afterAll(() => hub.close());
beforeEach(async () => {
  temporary = await temporaryStore();
  library = createLibrary({ store: temporary.store, starter: folderFiles('public/models/starter/') });
  library.setHub({ url: hub.url });
  hub.log.length = 0;
});
afterEach(async () => {
  hub.faults.clear();
  await temporary.remove();
});

const place = () => ({ store: temporary.store, hubUrl: hub.url });
const stored = () => openSelector(SAM2, place());

it('is looked up with its size, downloaded with its data files, opened without a network and deleted like any model', async () => {
  const before = await library.describeSelector(SAM2, signal);
  expect(before).toMatchObject({ id: SAM2, isKept: false, licence: 'apache-2.0' });
  expect(hub.log.some(({ url }) => url.includes('.onnx'))).toBe(false);
  expect(await stored()).toBeUndefined();

  const loaded: number[] = [];
  await library.downloadSelector(SAM2, {
    signal,
    onProgress: (progress) => progress.stage === 'download' && loaded.push(progress.loadedBytes),
  });
  expect(loaded.at(-1)).toBe(before.totalBytes);

  const asked = hub.log.length;
  const files = await stored();
  expect(files?.paths).toEqual([
    'onnx/vision_encoder_fp16.onnx',
    'onnx/vision_encoder_fp16.onnx_data',
    'onnx/prompt_encoder_mask_decoder.onnx',
    'onnx/prompt_encoder_mask_decoder.onnx_data',
  ]);
  expect((await files?.open('onnx/vision_encoder_fp16.onnx'))?.size).toBeGreaterThan(1000);
  expect(await (await files?.open('config.json'))?.text()).toContain('"sam2"');
  expect(await files?.open('tokenizer.json')).toBeUndefined();
  await library.downloadSelector(SAM2, { signal, onProgress: () => {} });
  expect(await library.describeSelector(SAM2, signal)).toEqual({ ...before, isKept: true });
  expect(hub.log.length).toBe(asked);

  const [kept, ...others] = await library.assistants();
  expect(others).toEqual([]);
  expect(kept).toEqual({
    folder: expect.stringContaining('selector'),
    name: SAM2,
    title: 'SAM 2.1 tiny',
    does: 'Select object',
    location: SAM2,
    licence: 'apache-2.0',
    storedBytes: before.totalBytes,
    isBusy: false,
  });
  expect(await library.list()).toEqual([]);
  await library.remove(kept?.folder ?? '');
  expect(await stored()).toBeUndefined();
  expect(await library.assistants()).toEqual([]);
});

it('every one on offer has its files in the repositories as they are planned', async () => {
  for (const { id } of selectors) {
    await library.downloadSelector(id, { signal, onProgress: () => {} });
    expect((await library.describeSelector(id, signal)).isKept).toBe(true);
  }
  expect(await library.assistants()).toHaveLength(selectors.length);
});

it('goes on after a break, with the files that were stored', async () => {
  hub.faults.add({ kind: 'cut', atByte: 20_000, origin: 'content', path: 'mask_decoder.onnx_data' });
  const impatient = hastyConnection(hub.url);
  await expect(downloadSelector(SAM2, place(), impatient, {})).rejects.toThrow('what has arrived is kept');
  expect(await stored()).toBeUndefined();
  expect((await library.assistants())[0]?.unfinished?.receivedBytes).toBeGreaterThan(100_000);

  hub.faults.clear();
  hub.log.length = 0;
  await downloadSelector(SAM2, place(), hastyConnection(hub.url), {});
  expect(await stored()).toBeDefined();
  const graphs = hub.log.flatMap(({ origin, url }) =>
    origin === 'hub' && url.includes('/onnx/') ? [url] : [],
  );
  expect(graphs).toEqual([expect.stringMatching(/prompt_encoder_mask_decoder\.onnx_data$/)]);
});

it('takes no bytes that differ from the listing, and fetches again what changed in the store', async () => {
  hub.faults.add({ kind: 'corrupt', atByte: 5000, origin: 'content', path: 'vision_encoder', times: 2 });
  await expect(downloadSelector(SAM2, place(), hastyConnection(hub.url), {})).rejects.toThrow(
    'vision_encoder',
  );
  hub.faults.clear();
  await downloadSelector(SAM2, place(), hastyConnection(hub.url), {});

  const [folder = ''] = await temporary.store.models();
  const writer = await temporary.store.model(folder).writer('onnx/vision_encoder_fp16.onnx');
  await writer.write(new Uint8Array([1, 2, 3]), 500);
  await writer.close();
  await expect((await stored())?.open('onnx/vision_encoder_fp16.onnx')).rejects.toThrow('was changed in');
  expect(await stored()).toBeUndefined();
  await downloadSelector(SAM2, place(), hastyConnection(hub.url), {});
  expect((await (await stored())?.open('onnx/vision_encoder_fp16.onnx'))?.size).toBeGreaterThan(1000);
});

it('stops when it is cancelled, and sends the token to the hub alone', async () => {
  const controller = new AbortController();
  const work = downloadSelector(
    SAM2,
    place(),
    hastyConnection(hub.url, { signal: controller.signal, token: TOKEN }),
    { onProgress: () => controller.abort() },
  );
  await expect(work).rejects.toMatchObject({ name: 'AbortError' });
  expect(await stored()).toBeUndefined();
  for (const { origin, authorization } of hub.log) {
    expect(authorization).toBe(origin === 'hub' ? `Bearer ${TOKEN}` : undefined);
  }
  expect(hub.log.some(({ origin }) => origin === 'content')).toBe(true);
});

it('refuses a repository that lacks a file, is far too large, or is not on offer', async () => {
  const huge = { ...memoryFile('onnx/vision_encoder_fp16.onnx', 'x'), size: 2e9 };
  const mirror = await startHub({ repos: [{ id: SAM2, files: [memoryFile('config.json', '{}')] }] });
  try {
    const at = { ...place(), hubUrl: mirror.url };
    await expect(describeSelector(SAM2, at, hastyConnection(mirror.url))).rejects.toThrow(
      'has no preprocessor_config.json; the repository was changed or its mirror is incomplete',
    );
    const files = [...((await selectorRepos()).find(({ id }) => id === SAM2)?.files ?? [])];
    mirror.commit(SAM2, [...files.filter(({ path }) => path !== huge.path), huge]);
    await expect(describeSelector(SAM2, at, hastyConnection(mirror.url))).rejects.toThrow(
      /have 2001 MB, where at most 1000 are taken/,
    );
  } finally {
    await mirror.close();
  }
  await expect(library.describeSelector('someone/else', signal)).rejects.toThrow(
    'is not a model for selecting',
  );
});
