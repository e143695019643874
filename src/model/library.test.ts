/** The library against the local hub, with a store on the disk. */
import { openAsBlob } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { memoryFile } from '../../test/support/hub/files';
import { type Hub, startHub } from '../../test/support/hub/hub';
import {
  goldenFiles,
  goldenFolder,
  type TemporaryStore,
  temporaryStore,
} from '../../test/support/hub/hubServer';
import type { FetchProgress } from '../contract/modelLibrary';
import { STARTER } from '../contract/schema';
import { folderFiles } from '../node/folder';
import { createLibrary, type Library, type LibraryCall } from './library';

const TOKEN = 'hf_secret';
const starter = folderFiles('public/models/starter/');
let hub: Hub;
let temporary: TemporaryStore;
let library: Library;

beforeAll(async () => {
  const sd15 = await goldenFiles('sd15-inpaint');
  hub = await startHub({
    repos: [
      { id: 'golden/sd15-inpaint', files: sd15, card: { license: 'creativeml-openrail-m' } },
      { id: 'golden/sdxl', files: await goldenFiles('sdxl') },
      { id: 'golden/sd2', files: await goldenFiles('sd2-inpaint') },
      { id: 'golden/gated', files: sd15, gatedBy: TOKEN, card: { license: 'other', license_name: 'mine' } },
      {
        id: 'black/flux',
        files: [memoryFile('model_index.json', '{}'), memoryFile('transformer/config.json', '{}')],
      },
    ],
  });
});
afterAll(() => hub.close());
beforeEach(async () => {
  temporary = await temporaryStore();
  library = reopened();
  hub.log.length = 0;
});
afterEach(async () => {
  hub.faults.clear();
  await temporary.remove();
});

/** As after a reload: only what is stored is remembered. */
function reopened(): Library {
  const opened = createLibrary({ store: temporary.store, starter });
  opened.setHub({ url: hub.url });
  return opened;
}

const call: LibraryCall = { precision: 'fp32', signal: new AbortController().signal };
const weightsAsked = () => hub.log.filter(({ url }) => url.includes('.safetensors'));

async function download(name: string, from = library): Promise<FetchProgress[]> {
  const progress: FetchProgress[] = [];
  await from.download(name, { ...call, onProgress: (step) => progress.push(step) });
  return progress;
}

/** Begins a download and stops it as soon as some of the UNet is there. */
async function interrupt(name: string): Promise<void> {
  hub.faults.add({ kind: 'slow', bytesPerSecond: 4_000_000, path: 'unet/.*safetensors' });
  const controller = new AbortController();
  const running = library.download(name, {
    precision: 'fp32',
    signal: controller.signal,
    onProgress(progress) {
      if (progress.stage === 'download' && progress.file.startsWith('unet/')) controller.abort();
    },
  });
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  hub.faults.clear();
}

describe('describe', () => {
  it('says family, kind, size, precision and licence before any weights are fetched', async () => {
    const details = await library.describe(' golden/sd15-inpaint ', call);
    expect(details).toMatchObject({
      name: 'golden/sd15-inpaint',
      location: 'golden/sd15-inpaint',
      family: 'sd1',
      isInpainting: true,
      precision: 'fp32',
      state: 'fetchable',
      licence: 'creativeml-openrail-m',
    });
    const files = await goldenFiles('sd15-inpaint');
    expect(details.totalBytes).toBeGreaterThan(1_000_000);
    expect(details.totalBytes).toBeLessThanOrEqual(files.reduce((sum, { size }) => sum + size, 0));
    expect(weightsAsked()).toEqual([]);
    expect(await library.list()).toEqual([]);
  });

  it('tells the families apart by their configurations', async () => {
    expect(await library.describe('golden/sdxl', call)).toMatchObject({
      family: 'sdxl',
      isInpainting: false,
    });
    expect(await library.describe('golden/sd2', call)).toMatchObject({ family: 'sd2', isInpainting: true });
  });

  it('knows the embedded model without a network', async () => {
    const details = await library.describe(STARTER, call);
    expect(details).toMatchObject({ state: 'embedded', nativeSize: 256, totalBytes: 0 });
    expect(hub.log).toEqual([]);
  });

  it('reads a folder of any web server as it stands', async () => {
    const details = await library.describe(`${hub.contentUrl}/plain/golden/sdxl`, call);
    expect(details).toMatchObject({ state: 'served', family: 'sdxl' });
    await download(`${hub.contentUrl}/plain/golden/sdxl`);
    expect(await library.list()).toEqual([]);
  });

  it('asks for a token where a model is gated, and sends it to the hub alone', async () => {
    await expect(library.describe('golden/gated', call)).rejects.toMatchObject({ field: 'hub_token' });
    library.setHub({ url: hub.url, token: 'hf_wrong' });
    await expect(library.describe('golden/gated', call)).rejects.toMatchObject({ field: 'hub_token' });
    library.setHub({ url: hub.url, token: TOKEN });
    expect(await library.describe('golden/gated', call)).toMatchObject({ licence: 'mine' });
    await download('golden/gated');
    const atContent = hub.log.filter(({ origin }) => origin === 'content');
    expect(atContent.length).toBeGreaterThan(0);
    expect(atContent.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  it('refuses another architecture and a name that is none', async () => {
    await expect(library.describe('black/flux', call)).rejects.toThrow(/Flux/);
    await expect(library.describe('no model', call)).rejects.toMatchObject({ field: 'model_name' });
    await expect(library.describe('golden/sd51', call)).rejects.toThrow(/no model "golden\/sd51"/);
  });
});

describe('download', () => {
  it('keeps a model, lists it with what it is, and describes it without the hub', async () => {
    const progress = await download('golden/sd15-inpaint');
    const last = progress.at(-1);
    expect(last).toMatchObject({ stage: 'download' });
    if (last?.stage === 'download') expect(last.loadedBytes).toBe(last.totalBytes);
    const [kept, ...others] = await library.list();
    expect(others).toEqual([]);
    expect(kept).toMatchObject({
      name: 'golden/sd15-inpaint',
      isBusy: false,
      facts: { family: 'sd1', isInpainting: true },
    });
    expect(kept?.unfinished).toBeUndefined();

    const offline = createLibrary({
      store: temporary.store,
      starter,
      manners: { fetch: () => Promise.reject(new TypeError('offline')) },
    });
    offline.setHub({ url: hub.url });
    expect(await offline.describe('golden/sd15-inpaint', call)).toMatchObject({
      state: 'kept',
      totalBytes: kept?.storedBytes,
    });

    await library.remove(kept?.folder ?? '');
    expect(await library.list()).toEqual([]);
  });

  it('ends a deletion that broke off, and lets be what is being prepared', async () => {
    await download('golden/sd15-inpaint');
    const [kept] = await library.list();
    const folder = temporary.store.model(kept?.folder ?? '');
    const clear = () => Promise.reject(new Error('power cut'));
    const dying = { ...temporary.store, model: () => ({ ...folder, clear }) };
    await expect(createLibrary({ store: dying, starter }).remove(kept?.folder ?? '')).rejects.toThrow();
    expect(await folder.open('unet/00001.safetensors')).toBeDefined();
    expect(await reopened().list()).toEqual([]);
    expect(await folder.open('unet/00001.safetensors')).toBeUndefined();

    const stop = new AbortController();
    await temporary.store.exclusively(
      'begun',
      stop.signal,
      () => {},
      async () => {
        const begun = temporary.store.model('begun');
        await (await begun.writer('unet/00001.safetensors')).close();
        await library.list();
        expect(await begun.open('unet/00001.safetensors')).toBeDefined();
      },
    );
  });

  it('shows an interrupted download after a reload, and goes on where it stopped', async () => {
    await interrupt('golden/sd15-inpaint');
    const again = reopened();
    const [begun] = await again.list();
    expect(begun).toMatchObject({ name: 'golden/sd15-inpaint', isBusy: false });
    const { receivedBytes = 0, totalBytes = 0 } = begun?.unfinished ?? {};
    expect(receivedBytes).toBeGreaterThan(0);
    expect(receivedBytes).toBeLessThan(totalBytes);
    expect(totalBytes).toBe((await again.describe('golden/sd15-inpaint', call)).totalBytes);

    hub.log.length = 0;
    await download('golden/sd15-inpaint', again);
    const ranges = weightsAsked().map(({ url, range }) => `${url.split('/').at(-2)} ${range}`);
    // Headers are read again; no weight bytes of a file that was stored whole are fetched twice.
    expect(ranges.filter((range) => /^unet bytes=[1-9]\d*-$/.test(range))).toHaveLength(1);
    expect((await again.list())[0]?.unfinished).toBeUndefined();
  });
});

describe('a person’s own files', () => {
  const fileOf = async (path: string, name: string): Promise<File> => {
    const blob = await openAsBlob(path);
    return new File([blob], name, { lastModified: 5 });
  };
  const folder = async (): Promise<Map<string, File>> => {
    const files = await goldenFiles('sd15-inpaint');
    const root = goldenFolder('sd15-inpaint');
    const entries = files.map(async ({ path }) => [path, await fileOf(`${root}/${path}`, path)] as const);
    return new Map(await Promise.all(entries));
  };

  it('are looked up, kept under a name of their own, and there without the files after a reload', async () => {
    const name = await library.offerFiles('my model', await folder());
    expect(name).toBe('disk:my model');
    expect(await library.describe(name, call)).toMatchObject({ state: 'fetchable', family: 'sd1' });
    await download(name);
    expect(hub.log).toEqual([]);
    const again = reopened();
    expect(await again.describe(name, call)).toMatchObject({ state: 'kept', isInpainting: true });
    expect(await again.offerFiles('my model', await folder())).toBe(name);
  });

  it('of the same title but other content get another name', async () => {
    const name = await library.offerFiles('my model', await folder());
    const other = await folder();
    other.set('README.md', new File(['other'], 'README.md'));
    expect(await library.offerFiles('my model', other)).toBe('disk:my model (2)');
    await download(name);
    expect(await reopened().offerFiles('my model', other)).toBe('disk:my model (2)');
  });

  it('that are gone say what to do', async () => {
    await expect(library.describe('disk:gone', call)).rejects.toThrow(/open it again/);
  });
});

it('reads an embedding for its word, from a file and from the hub', async () => {
  const { signal } = call;
  const blob = await openAsBlob('goldens/inversions/xl.safetensors');
  const file = new File([blob], 'Fine style.safetensors');
  const found = await library.readEmbedding(file, signal);
  expect(found).toMatchObject({ token: 'Fine style', vectors: 2 });
  expect(found.widths).toHaveLength(2);
  await expect(library.readEmbedding('golden/none', signal)).rejects.toMatchObject({ field: 'embeddings' });
});
