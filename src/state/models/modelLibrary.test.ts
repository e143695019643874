import { beforeEach, describe, expect, it } from 'vitest';
import { CheckpointError, InputError, NetworkError } from '../../contract/errors';
import type {
  FetchCall,
  Fit,
  HubAccess,
  KeptModel,
  ModelDetails,
  ModelLibrary,
} from '../../contract/modelLibrary';
import { createModelLibraryStore, type Fetching, unfinishedOf } from './modelLibrary';

const NAME = 'owner/model';
const kept: KeptModel = {
  folder: 'f',
  name: NAME,
  location: NAME,
  precision: 'fp32',
  storedBytes: 5,
  isBusy: false,
  facts: { family: 'sd2', isInpainting: false, nativeSize: 768 },
};

/** A library in memory whose downloads end when the test says so. */
class FakeLibrary implements ModelLibrary {
  models: KeptModel[] = [];
  hubs: HubAccess[] = [];
  looked: string[] = [];
  calls: { call: FetchCall; finish(): void; fail(error: Error): void }[] = [];
  answer: () => ModelDetails = () => this.details('fetchable');

  details(state: ModelDetails['state']): ModelDetails {
    return {
      name: NAME,
      location: NAME,
      precision: 'fp32',
      state,
      totalBytes: 1e9,
      notes: [],
      family: 'sd2',
      isInpainting: false,
      nativeSize: 768,
    };
  }
  async describe(name: string): Promise<ModelDetails> {
    this.looked.push(name);
    return this.models.length > 0 ? this.details('kept') : this.answer();
  }
  download(_name: string, call: FetchCall): Promise<void> {
    return new Promise((resolve, reject) => {
      call.signal.addEventListener('abort', () => reject(call.signal.reason));
      const finish = () => {
        this.models = [kept];
        resolve();
      };
      this.calls.push({ call, finish, fail: reject });
    });
  }
  offerFiles = async (title: string) => `disk:${title}`;
  assistants = async () => [];
  measureSpeed = async (): Promise<number | null> => 1e12;
  describeSelector = async (id: string) => ({ id, totalBytes: 41e6, isKept: false });
  async downloadSelector(name: string, call: FetchCall): Promise<void> {
    await this.download(name, call);
  }
  readEmbedding = async () => ({ token: '<toy>', vectors: 1, widths: [768] });
  list = async () => this.models;
  async remove(folder: string): Promise<void> {
    if (folder !== 'f') throw new InputError('model_name', 'in use');
    this.models = [];
  }
  setHub(hub: HubAccess): void {
    this.hubs.push(hub);
  }
  judge = async (name: string): Promise<Fit> => this.fit(name);
  fit: (name: string) => Fit = () => ({ verdict: 'fits' });
  storage = async () => ({ isPersistent: false });
  persist = async () => true;
  last() {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('no download was asked for');
    return call;
  }
}

let library: FakeLibrary;
let written: HubAccess[];
let nowMs: number;
beforeEach(() => {
  library = new FakeLibrary();
  written = [];
  nowMs = 0;
});

function setUp(hub: HubAccess = {}) {
  const memory = { read: () => hub, write: (next: HubAccess) => void written.push(next) };
  const models = createModelLibraryStore(library, memory, () => nowMs);
  return { models, state: () => models.store.getState() };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
const never = new AbortController().signal;

it('measures the device once at a time, and tells times from then on', async () => {
  const { models } = setUp();
  let answer: (speed: number | null) => void = () => {};
  let asked = 0;
  library.measureSpeed = () => {
    asked++;
    return new Promise((resolve) => {
      answer = resolve;
    });
  };
  const first = models.measureDevice();
  await models.measureDevice();
  expect(asked).toBe(1);
  expect(models.store.getState().measuring).toEqual({ isUnderWay: true, count: 0 });
  // A run was at work.
  answer(null);
  await first;
  expect(models.pace.basis()).toBeNull();
  const second = models.measureDevice();
  answer(1e12);
  await second;
  expect(models.store.getState().measuring).toEqual({ isUnderWay: false, count: 2 });
  expect(models.pace.basis()).toBe('measurement');
  library.measureSpeed = async () => {
    throw new CheckpointError('no device');
  };
  await models.measureDevice();
  expect(models.store.getState().measuring.isUnderWay).toBe(false);
});

it('looks a name up once, and works at the size that its configuration gives', async () => {
  const { models, state } = setUp();
  expect(models.sizesOf(NAME)).toEqual({ nativeSize: 512 });
  const looks = [models.look(NAME), models.look(` ${NAME} `)];
  expect(state().lookups[NAME]).toEqual({ state: 'looking' });
  await Promise.all(looks);
  expect(library.looked).toEqual([NAME]);
  expect(state().lookups[NAME]).toMatchObject({ state: 'found', details: { family: 'sd2' } });
  expect(models.sizesOf(NAME)).toEqual({ nativeSize: 768 });
});

it('says that a token would help, and looks again once it has one', async () => {
  library.answer = () => {
    throw new InputError('hub_token', 'model_name: owner/model is gated');
  };
  const { models, state } = setUp({ url: 'https://mirror.test' });
  await models.look(NAME);
  expect(state().lookups[NAME]).toEqual({
    state: 'failed',
    message: 'owner/model is gated.',
    canTryAgain: false,
    isOfNetwork: false,
    wantsToken: 'yes',
  });
  library.answer = () => {
    throw new InputError('model_name', 'model_name: there is no model "owner/model"', true);
  };
  models.setHubUrl('https://other.test');
  await models.look(NAME);
  expect(state().lookups[NAME]).toMatchObject({ wantsToken: 'maybe' });
  models.setHubUrl('https://mirror.test');
  library.answer = () => library.details('fetchable');
  models.setToken('hf_x');
  expect(library.hubs.at(-1)).toEqual({ url: 'https://mirror.test', token: 'hf_x' });
  expect(state().lookups).toEqual({});
  expect(state().hub).toEqual({ url: 'https://mirror.test', hasToken: true });
  await models.look(NAME);
  expect(state().lookups[NAME]).toMatchObject({ state: 'found' });
});

it('forgets the token with the hub that it was for', () => {
  const { models } = setUp({ token: 'hf_x' });
  models.setHubUrl('https://mirror.test');
  expect(library.hubs.at(-1)).toEqual({ url: 'https://mirror.test' });
  expect(written.at(-1)).toEqual({ url: 'https://mirror.test' });
});

it('shows a download with its speed, pauses it, goes on, and keeps the model', async () => {
  const { models, state } = setUp();
  void models.download(NAME);
  const told = (loadedBytes: number) =>
    library.last().call.onProgress({ stage: 'download', file: 'unet/x', loadedBytes, totalBytes: 1e9 });
  told(0);
  nowMs = 2000;
  told(100e6);
  expect(state().fetches[NAME]).toMatchObject({
    state: 'running',
    transfer: { bytesPerSecond: 50e6, secondsLeft: 18 },
  });
  models.pause(NAME);
  await settled();
  expect(state().fetches[NAME]).toMatchObject({ state: 'paused', transfer: { loadedBytes: 100e6 } });

  void models.download(NAME);
  // An hour's pause is not a slow connection.
  nowMs += 3_600_000;
  told(100e6);
  nowMs += 1000;
  told(110e6);
  expect(state().fetches[NAME]).toMatchObject({ transfer: { bytesPerSecond: 10e6 } });
  library.last().finish();
  await settled();
  expect(state().fetches).toEqual({});
  expect(state().kept).toEqual([kept]);
  expect(state().lookups[NAME]).toMatchObject({ state: 'found', details: { state: 'kept' } });
});

it('takes no answer from before a download for what is so after it', async () => {
  const { models, state } = setUp();
  let answer = (_details: ModelDetails) => {};
  const { describe } = library;
  library.describe = () => {
    library.describe = describe;
    return new Promise((resolve) => {
      answer = resolve;
    });
  };
  const look = models.look(NAME);
  const download = models.download(NAME);
  library.last().finish();
  await download;
  answer(library.details('fetchable'));
  await look;
  await settled();
  expect(state().lookups[NAME]).toMatchObject({ state: 'found', details: { state: 'kept' } });
});

it('tells why a download failed, with what had come', async () => {
  const { models, state } = setUp();
  void models.download(NAME);
  library.last().call.onProgress({ stage: 'download', file: 'x', loadedBytes: 7, totalBytes: 10 });
  library.last().fail(new CheckpointError('unet: damaged'));
  await settled();
  expect(state().fetches[NAME]).toMatchObject({
    state: 'failed',
    message: 'unet: damaged.',
    transfer: { loadedBytes: 7 },
  });
});

it('fetches what a run needs, once, and pauses it where the run is given up', async () => {
  const { models, state } = setUp();
  const seen: Fetching['state'][] = [];
  const controller = new AbortController();
  const onChange = ({ state }: Fetching) => void seen.push(state);
  const run = models.ensure(NAME, { signal: controller.signal, onChange });
  await settled();
  models.answer(true);
  await settled();
  library.last().call.onProgress({ stage: 'wait' });
  expect(state().fetches[NAME]).toEqual({ state: 'waiting', forOtherTab: true });
  library.last().call.onProgress({ stage: 'download', file: 'x', loadedBytes: 1, totalBytes: 10 });
  expect(seen).toEqual(['waiting', 'waiting', 'running']);
  controller.abort();
  await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  await settled();
  expect(state().fetches[NAME]).toMatchObject({ state: 'paused' });
});

it('leaves a download alone that was under way before the run that waited for it', async () => {
  const { models, state } = setUp();
  void models.download(NAME);
  const controller = new AbortController();
  const run = models.ensure(NAME, { signal: controller.signal, onChange: () => {} });
  await settled();
  expect(library.calls).toHaveLength(1);
  controller.abort();
  await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  await settled();
  expect(state().fetches[NAME]).toMatchObject({ state: 'waiting' });
  const second = models.ensure(NAME, { signal: never, onChange: () => {} });
  await settled();
  library.last().finish();
  await second;
  // And a stored model needs nothing.
  await models.ensure(NAME, { signal: never, onChange: () => {} });
  expect(library.calls).toHaveLength(1);
});

it('finds what an earlier visit left unfinished', async () => {
  const { facts: _, ...begun } = kept;
  library.models = [{ ...begun, unfinished: { receivedBytes: 3, totalBytes: 9 } }];
  const { models, state } = setUp();
  await models.refresh();
  expect(unfinishedOf(state(), ` ${NAME}`)?.unfinished).toEqual({ receivedBytes: 3, totalBytes: 9 });
});

it('remembers which models came from one folder, for as long as no other is opened', async () => {
  const { models, state } = setUp();
  const own = (title: string) => ({ title, files: new Map([['x', new File([], 'x')]]) });
  expect(await models.addFiles([own('a'), own('b')])).toEqual(['disk:a', 'disk:b']);
  expect(state().openedTogether).toEqual(['disk:a', 'disk:b']);
  expect(await models.addFiles([own('c')])).toEqual(['disk:c']);
  expect(state().openedTogether).toEqual([]);
});

it('deletes, and says why where it cannot', async () => {
  library.models = [kept];
  const { models, state } = setUp();
  await models.refresh();
  await models.remove({ ...kept, folder: 'used' });
  expect(state().complaint).toBe('In use.');
  expect(state().kept).toHaveLength(1);
  await models.remove(kept);
  expect(state()).toMatchObject({ kept: [], complaint: null });
});

it('notices that what was kept is gone, before a run and when it reads the list again', async () => {
  library.models = [kept];
  const { models, state } = setUp();
  await models.look(NAME);
  expect(state().lookups[NAME]).toMatchObject({ state: 'found', details: { state: 'kept' } });
  await models.ensure(NAME, { signal: never, onChange() {} });
  expect(library.calls).toEqual([]);

  library.models = [];
  await models.refresh();
  expect(state().lookups[NAME]).toMatchObject({ state: 'found', details: { state: 'fetchable' } });
});

it('fetches a model anew whose copy vanished since it was looked up', async () => {
  library.models = [kept];
  const { models } = setUp();
  await models.look(NAME);
  library.models = [];
  const ensured = models.ensure(NAME, { signal: never, onChange() {} });
  await settled();
  models.answer(true);
  await settled();
  library.last().finish();
  await ensured;
  expect(library.calls).toHaveLength(1);
});

it('names that every object has are models like any other', () => {
  for (const name of ['constructor', '__proto__', 'toString']) {
    const { lookups, fetches } = setUp().state();
    expect(lookups[name]).toBeUndefined();
    expect(fetches[name]).toBeUndefined();
  }
});

it('a run asks before it fetches a model: size, time by earlier downloads, and what is here already', async () => {
  const { models, state } = setUp();
  const run = () => models.ensure(NAME, { signal: never, onChange() {} });
  const declined = run();
  await settled();
  expect(state().question).toEqual({ name: NAME, bytes: 1e9, seconds: null, isBegun: false });
  expect(library.calls).toEqual([]);
  models.answer(false);
  await expect(declined).rejects.toMatchObject({ name: 'AbortError' });
  expect(state().question).toBeNull();
  expect(library.calls).toEqual([]);

  // Measured once: 100 of 1000 MB in two seconds.
  void models.download(NAME);
  for (const [ms, loadedBytes] of [
    [0, 0],
    [2000, 100e6],
  ] as const) {
    nowMs = ms;
    library.last().call.onProgress({ stage: 'download', file: 'x', loadedBytes, totalBytes: 1e9 });
  }
  models.pause(NAME);
  const { facts: _, ...begun } = kept;
  library.list = async () => [{ ...begun, unfinished: { receivedBytes: 100e6, totalBytes: 1e9 } }];
  await settled();
  const agreed = run();
  await settled();
  expect(state().question).toEqual({ name: NAME, bytes: 900e6, seconds: 18, isBegun: true });
  models.answer(true);
  await settled();
  library.last().finish();
  await agreed;

  // What is being fetched was requested already, and a user's own files are not a download.
  await expect(models.ensure(NAME, { signal: never, onChange() {} })).resolves.toBeUndefined();
});

it('cancelling the run takes its question away', async () => {
  const { models, state } = setUp();
  const controller = new AbortController();
  const run = models.ensure(NAME, { signal: controller.signal, onChange() {} });
  await settled();
  controller.abort();
  await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  expect(state().question).toBeNull();
});

it('models are judged when they are looked up, the recommended ones without a network; what is too large is not asked for', async () => {
  library.fit = () => ({
    verdict: 'tooLarge',
    neededBytes: 10.8e9,
    availableBytes: 3.9e9,
    message: 'too large',
  });
  library.answer = () => ({
    ...library.details('fetchable'),
    configurations: new Map([['unet/config.json', '{}']]),
  });
  const { models, state } = setUp();
  await expect(models.ensure(NAME, { signal: never, onChange() {} })).rejects.toMatchObject({
    name: 'TooLargeError',
    message: 'too large',
  });
  expect(state().question).toBeNull();
  expect(state().fits[NAME]).toMatchObject({ verdict: 'tooLarge', neededBytes: 10.8e9 });
  library.looked = [];
  await models.checkOffers();
  expect(library.looked).toEqual([]);
  expect(Object.keys(state().fits)).toContain('stabilityai/sd-turbo');
  expect(Object.keys(state().fits)).not.toContain('starter');
});

it('what failed for want of a network goes on once there is one; a wrong name stays wrong', async () => {
  const { models, state } = setUp();
  void models.download(NAME);
  library.last().fail(new NetworkError('this device is offline'));
  library.answer = () => {
    throw new NetworkError('this device is offline');
  };
  await models.look('owner/other');
  library.answer = () => {
    throw new InputError('model_name', 'no such model');
  };
  await models.look('owner/none');
  expect(state().lookups['owner/other']).toMatchObject({ state: 'failed', canTryAgain: true });
  expect(state().lookups['owner/none']).toMatchObject({ state: 'failed', canTryAgain: false });
  models.reconnect();
  expect(library.calls).toHaveLength(2);
  expect(state().lookups['owner/other']).toBeUndefined();
  expect(state().lookups['owner/none']).toBeDefined();
});

describe('a model that selects', () => {
  const SELECTOR = 'Xenova/slimsam-77-uniform';
  const begin = (signal = new AbortController().signal) => {
    const { models, state } = setUp();
    const ensured = models.ensureSelector(SELECTOR, { signal });
    ensured.catch(() => {});
    return { models, state, ensured };
  };

  it('is downloaded once the question, with its size, is answered with yes', async () => {
    const { models, state, ensured } = begin();
    await settled();
    expect(state().question).toEqual({ name: SELECTOR, bytes: 41e6, seconds: null, isBegun: false });
    expect(library.calls).toEqual([]);
    models.answer(true);
    await settled();
    expect(state().question).toBeNull();
    library.last().finish();
    await ensured;
    expect(state().fetches).toEqual({});
    // It is not a model that paints: nothing looks it up as one.
    expect(library.looked).toEqual([]);
  });

  it('is not downloaded after a no, and paused by the caller’s cancel', async () => {
    const { models, ensured } = begin();
    await settled();
    models.answer(false);
    await expect(ensured).rejects.toMatchObject({ name: 'AbortError' });
    expect(library.calls).toEqual([]);

    const controller = new AbortController();
    const again = begin(controller.signal);
    await settled();
    again.models.answer(true);
    await settled();
    controller.abort();
    await expect(again.ensured).rejects.toMatchObject({ name: 'AbortError' });
    await settled();
    expect(again.state().fetches[SELECTOR]).toMatchObject({ state: 'paused' });
  });

  it('that is stored asks nothing', async () => {
    library.describeSelector = async (id) => ({ id, totalBytes: 41e6, isKept: true });
    const { state, ensured } = begin();
    await ensured;
    expect(state().question).toBeNull();
  });
});
