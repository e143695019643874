import { beforeEach, expect, it } from 'vitest';
import { kept, NAME, never, renew, settled, setUp, world } from '../../../test/support/fakeModels';
import { CheckpointError, InputError } from '../../contract/errors';

beforeEach(renew);

it('measures the device once at a time, and tells times from then on', async () => {
  const { models } = setUp();
  let answer: (speed: number | null) => void = () => {};
  let asked = 0;
  world.library.measureSpeed = () => {
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
  world.library.measureSpeed = async () => {
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
  expect(world.library.looked).toEqual([NAME]);
  expect(state().lookups[NAME]).toMatchObject({ state: 'found', details: { family: 'sd2' } });
  expect(models.sizesOf(NAME)).toEqual({ nativeSize: 768 });
});

it('says that a token would help, and looks again once it has one', async () => {
  world.library.answer = () => {
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
  world.library.answer = () => {
    throw new InputError('model_name', 'model_name: there is no model "owner/model"', true);
  };
  models.setHubUrl('https://other.test');
  await models.look(NAME);
  expect(state().lookups[NAME]).toMatchObject({ wantsToken: 'maybe' });
  models.setHubUrl('https://mirror.test');
  world.library.answer = () => world.library.details('fetchable');
  models.setToken('hf_x');
  expect(world.library.hubs.at(-1)).toEqual({ url: 'https://mirror.test', token: 'hf_x' });
  expect(state().lookups).toEqual({});
  expect(state().hub).toEqual({ url: 'https://mirror.test', hasToken: true });
  await models.look(NAME);
  expect(state().lookups[NAME]).toMatchObject({ state: 'found' });
});

it('forgets the token with the hub that it was for', () => {
  const { models } = setUp({ token: 'hf_x' });
  models.setHubUrl('https://mirror.test');
  expect(world.library.hubs.at(-1)).toEqual({ url: 'https://mirror.test' });
  expect(world.written.at(-1)).toEqual({ url: 'https://mirror.test' });
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
  world.library.models = [kept];
  const { models, state } = setUp();
  await models.refresh();
  await models.remove({ ...kept, folder: 'used' });
  expect(state().complaint).toBe('In use.');
  expect(state().kept).toHaveLength(1);
  await models.remove(kept);
  expect(state()).toMatchObject({ kept: [], complaint: null });
});

it('notices that what was kept is gone, before a run and when it reads the list again', async () => {
  world.library.models = [kept];
  const { models, state } = setUp();
  await models.look(NAME);
  expect(state().lookups[NAME]).toMatchObject({ state: 'found', details: { state: 'kept' } });
  await models.ensure(NAME, { signal: never, onChange() {} });
  expect(world.library.calls).toEqual([]);

  world.library.models = [];
  await models.refresh();
  expect(state().lookups[NAME]).toMatchObject({ state: 'found', details: { state: 'fetchable' } });
});

it('fetches a model anew whose copy vanished since it was looked up', async () => {
  world.library.models = [kept];
  const { models } = setUp();
  await models.look(NAME);
  world.library.models = [];
  const ensured = models.ensure(NAME, { signal: never, onChange() {} });
  await settled();
  models.answer(true);
  await settled();
  world.library.last().finish();
  await ensured;
  expect(world.library.calls).toHaveLength(1);
});

it('names that every object has are models like any other', () => {
  for (const name of ['constructor', '__proto__', 'toString']) {
    const { lookups, fetches } = setUp().state();
    expect(lookups[name]).toBeUndefined();
    expect(fetches[name]).toBeUndefined();
  }
});

it('models are judged when they are looked up, the recommended ones without a network; what is too large is not asked for', async () => {
  world.library.fit = () => ({
    verdict: 'tooLarge',
    neededBytes: 10.8e9,
    availableBytes: 3.9e9,
    message: 'too large',
  });
  world.library.answer = () => ({
    ...world.library.details('fetchable'),
    configurations: new Map([['unet/config.json', '{}']]),
  });
  const { models, state } = setUp();
  await expect(models.ensure(NAME, { signal: never, onChange() {} })).rejects.toMatchObject({
    name: 'TooLargeError',
    message: 'too large',
  });
  expect(state().question).toBeNull();
  expect(state().fits[NAME]).toMatchObject({ verdict: 'tooLarge', neededBytes: 10.8e9 });
  world.library.looked = [];
  await models.checkOffers();
  expect(world.library.looked).toEqual([]);
  expect(Object.keys(state().fits)).toContain('stabilityai/sd-turbo');
  expect(Object.keys(state().fits)).not.toContain('starter');
});
