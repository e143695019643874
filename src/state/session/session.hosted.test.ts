/** Runs that the hosted API makes for the page: settings that it lacks have no effect, and the result says who made it. */
import { beforeEach, expect, it } from 'vitest';
import { fakeEngine, opened, paint, sent } from '../../../test/support/session';
import { OutOfMemoryError } from '../../contract/errors';
import { createHosted, type HostedEnvironment } from '../hosted/hosted';
import { emptyLora } from '../settings/loras';

beforeEach(() => {
  sent.length = 0;
});

const environment: HostedEnvironment = {
  storage: undefined,
  proxyUrl: 'http://page/api/fal',
  fetch: async () => Response.json({ endpoint: 'fal-ai/inpaint' }),
  isOnline: () => true,
  onConnection: () => {},
};

/** @param failure this device's error from the second image on */
async function setUp(failure?: Error) {
  let pictures = 0;
  const local = fakeEngine(async () => {
    if (failure && ++pictures > 1) throw failure;
  });
  const remote = fakeEngine();
  const hosted = createHosted(environment, () => remote.engine);
  const session = await opened(local.engine, hosted);
  paint(session);
  session.change({ model_name: 'owner/name', seed: '3' });
  const choose = (strength: string) =>
    session.change({
      ...{ strength, mask_content: 'noise', scheduler: 'DDIM' },
      loras: [{ ...emptyLora(), source: 'owner/lora' }],
    });
  /** Of every result, in order. */
  const recipes = async () => {
    const files = session.versions.getState().items.slice(1);
    const texts = await Promise.all(files.map(({ file }) => file.text()));
    return texts.map((text) => JSON.parse(text.slice(text.lastIndexOf('{"version"'))));
  };
  return { session, hosted, local, remote, choose, recipes };
}

it('while the switch is on, what the API lacks has no effect, be it wrong or right', async () => {
  const { session, hosted, local, remote, choose, recipes } = await setUp();
  hosted.setOn(true);
  await session.generate();
  for (const strength of ['0.5', 'seven']) {
    choose(strength);
    await session.generate();
  }
  expect(session.run.getState()).toMatchObject({ fieldErrors: {}, runError: null, stageError: null });
  expect(local.asked).toEqual([]);
  expect(remote.asked.map(({ options }) => options)).toEqual(
    Array(3).fill({ width: 512, height: 400, strength: 1 }),
  );
  // No noise was painted beneath the mask.
  expect(sent).toHaveLength(3);
  const [first, second, third] = sent.map(({ data }) => Buffer.from(data));
  expect(second?.equals(first ?? Buffer.alloc(0))).toBe(true);
  expect(third?.equals(first ?? Buffer.alloc(0))).toBe(true);
  for (const recipe of await recipes()) {
    expect(recipe).toMatchObject({
      engine: 'hosted',
      options: { strength: 1, loras: [] },
      page: { mask_content: 'original' },
    });
    expect(recipe.options.scheduler).toBeUndefined();
  }
});

it('what fails here in the middle is made ready anew and goes on there, with the seeds that follow', async () => {
  const { session, hosted, local, remote, choose, recipes } = await setUp(new OutOfMemoryError('too little'));
  choose('0.5');
  session.change({ variations: '3' });
  hosted.store.subscribe(({ question }) => question && queueMicrotask(() => hosted.answer('once')));
  await session.generate();
  expect(session.run.getState()).toMatchObject({ running: false, runError: null, lastSeed: 3 });
  expect(local.asked.map(({ request }) => request.seed)).toEqual([3, 4]);
  expect(remote.asked.map(({ request }) => request.seed)).toEqual([4, 5]);
  expect(local.asked[0]?.options).toMatchObject({ strength: 0.5, scheduler: 'DDIM', loras: [{ weight: 1 }] });
  expect(remote.asked[0]?.options).toEqual({ width: 512, height: 400, strength: 1 });
  const [noisy, plain] = sent.map(({ data }) => Buffer.from(data));
  expect(noisy?.equals(plain ?? noisy)).toBe(false);
  expect((await recipes()).map(({ engine, request }) => [engine, request.seed])).toEqual([
    ['local', 3],
    ['hosted', 4],
    ['hosted', 5],
  ]);
  const { items } = session.versions.getState();
  expect(new Set(items.slice(1).map(({ batch }) => batch))).toEqual(new Set([1]));
});

it('says why where the person does not agree, and sends nothing', async () => {
  const { session, hosted, remote } = await setUp(new OutOfMemoryError('too little'));
  session.change({ variations: '2' });
  hosted.store.subscribe(({ question }) => question && queueMicrotask(() => hosted.answer('no')));
  await session.generate();
  expect(session.run.getState().runError?.message).toBe('Too little.');
  expect(remote.asked).toEqual([]);
  expect(session.versions.getState().items).toHaveLength(2);
});
