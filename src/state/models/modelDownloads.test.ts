import { beforeEach, describe, expect, it } from 'vitest';
import { kept, NAME, never, renew, settled, setUp, world } from '../../../test/support/fakeModels';
import { CheckpointError, InputError, NetworkError } from '../../contract/errors';
import type { ModelDetails } from '../../contract/modelLibrary';
import { type Fetching, unfinishedOf } from './modelLibrary';

beforeEach(renew);

it('shows a download with its speed, pauses it, goes on, and keeps the model', async () => {
  const { models, state } = setUp();
  void models.download(NAME);
  const told = (loadedBytes: number) =>
    world.library.last().call.onProgress({ stage: 'download', file: 'unet/x', loadedBytes, totalBytes: 1e9 });
  told(0);
  world.nowMs = 2000;
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
  world.nowMs += 3_600_000;
  told(100e6);
  world.nowMs += 1000;
  told(110e6);
  expect(state().fetches[NAME]).toMatchObject({ transfer: { bytesPerSecond: 10e6 } });
  world.library.last().finish();
  await settled();
  expect(state().fetches).toEqual({});
  expect(state().kept).toEqual([kept]);
  expect(state().lookups[NAME]).toMatchObject({ state: 'found', details: { state: 'kept' } });
});

it('takes no answer from before a download for what is so after it', async () => {
  const { models, state } = setUp();
  let answer = (_details: ModelDetails) => {};
  const { describe } = world.library;
  world.library.describe = () => {
    world.library.describe = describe;
    return new Promise((resolve) => {
      answer = resolve;
    });
  };
  const look = models.look(NAME);
  const download = models.download(NAME);
  world.library.last().finish();
  await download;
  answer(world.library.details('fetchable'));
  await look;
  await settled();
  expect(state().lookups[NAME]).toMatchObject({ state: 'found', details: { state: 'kept' } });
});

it('tells why a download failed, with what had come', async () => {
  const { models, state } = setUp();
  void models.download(NAME);
  world.library.last().call.onProgress({ stage: 'download', file: 'x', loadedBytes: 7, totalBytes: 10 });
  world.library.last().fail(new CheckpointError('unet: damaged'));
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
  world.library.last().call.onProgress({ stage: 'wait' });
  expect(state().fetches[NAME]).toEqual({ state: 'waiting', forOtherTab: true });
  world.library.last().call.onProgress({ stage: 'download', file: 'x', loadedBytes: 1, totalBytes: 10 });
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
  expect(world.library.calls).toHaveLength(1);
  controller.abort();
  await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  await settled();
  expect(state().fetches[NAME]).toMatchObject({ state: 'waiting' });
  const second = models.ensure(NAME, { signal: never, onChange: () => {} });
  await settled();
  world.library.last().finish();
  await second;
  // And a stored model needs nothing.
  await models.ensure(NAME, { signal: never, onChange: () => {} });
  expect(world.library.calls).toHaveLength(1);
});

it('finds what an earlier visit left unfinished', async () => {
  const { facts: _, ...begun } = kept;
  world.library.models = [{ ...begun, unfinished: { receivedBytes: 3, totalBytes: 9 } }];
  const { models, state } = setUp();
  await models.refresh();
  expect(unfinishedOf(state(), ` ${NAME}`)?.unfinished).toEqual({ receivedBytes: 3, totalBytes: 9 });
});

it('a run asks before it fetches a model: size, time by earlier downloads, and what is here already', async () => {
  const { models, state } = setUp();
  const run = () => models.ensure(NAME, { signal: never, onChange() {} });
  const declined = run();
  await settled();
  expect(state().question).toEqual({ name: NAME, bytes: 1e9, seconds: null, isBegun: false });
  expect(world.library.calls).toEqual([]);
  models.answer(false);
  await expect(declined).rejects.toMatchObject({ name: 'AbortError' });
  expect(state().question).toBeNull();
  expect(world.library.calls).toEqual([]);

  // Measured once: 100 of 1000 MB in two seconds.
  void models.download(NAME);
  for (const [ms, loadedBytes] of [
    [0, 0],
    [2000, 100e6],
  ] as const) {
    world.nowMs = ms;
    world.library.last().call.onProgress({ stage: 'download', file: 'x', loadedBytes, totalBytes: 1e9 });
  }
  models.pause(NAME);
  const { facts: _, ...begun } = kept;
  world.library.list = async () => [{ ...begun, unfinished: { receivedBytes: 100e6, totalBytes: 1e9 } }];
  await settled();
  const agreed = run();
  await settled();
  expect(state().question).toEqual({ name: NAME, bytes: 900e6, seconds: 18, isBegun: true });
  models.answer(true);
  await settled();
  world.library.last().finish();
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

it('what failed for want of a network goes on once there is one; a wrong name stays wrong', async () => {
  const { models, state } = setUp();
  void models.download(NAME);
  world.library.last().fail(new NetworkError('this device is offline'));
  world.library.answer = () => {
    throw new NetworkError('this device is offline');
  };
  await models.look('owner/other');
  world.library.answer = () => {
    throw new InputError('model_name', 'no such model');
  };
  await models.look('owner/none');
  expect(state().lookups['owner/other']).toMatchObject({ state: 'failed', canTryAgain: true });
  expect(state().lookups['owner/none']).toMatchObject({ state: 'failed', canTryAgain: false });
  models.reconnect();
  expect(world.library.calls).toHaveLength(2);
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
    expect(world.library.calls).toEqual([]);
    models.answer(true);
    await settled();
    expect(state().question).toBeNull();
    world.library.last().finish();
    await ensured;
    expect(state().fetches).toEqual({});
    // It is not a model that paints: nothing looks it up as one.
    expect(world.library.looked).toEqual([]);
  });

  it('is not downloaded after a no, and paused by the caller’s cancel', async () => {
    const { models, ensured } = begin();
    await settled();
    models.answer(false);
    await expect(ensured).rejects.toMatchObject({ name: 'AbortError' });
    expect(world.library.calls).toEqual([]);

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
    world.library.describeSelector = async (id) => ({ id, totalBytes: 41e6, isKept: true });
    const { state, ensured } = begin();
    await ensured;
    expect(state().question).toBeNull();
  });
});
