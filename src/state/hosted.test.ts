import { describe, expect, it, vi } from 'vitest';
import type { Engine, LocalEngine } from '../engine/engine';
import { CheckpointError, DeviceError, InputError, NetworkError } from '../engine/errors';
import { inpaintRequestSchema, localOptionsSchema } from '../engine/schema';
import { type Answer, createHosted, type HostedPlace } from './hosted';

const MARKER = 'marker-key-0123456789';
const image_url = 'data:image/png;base64,AA==';
const request = (model_name = 'owner/name') =>
  inpaintRequestSchema.parse({ model_name, prompt: 'a cat', image_url, mask_url: image_url });
const options = localOptionsSchema.parse({});
const answerOf = (seed: number) => ({
  image: { url: 'blob:x', content_type: 'image/png', file_name: 'x.png', file_size: 1, width: 8, height: 8 },
  seed,
});

function setUp({
  failure,
  proxy = false,
  online = true,
}: {
  failure?: Error;
  proxy?: boolean;
  online?: boolean;
} = {}) {
  const kept = new Map<string, string>();
  const connection = { online, tell: () => {} };
  const place: HostedPlace = {
    storage: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => kept.set(name, value),
      removeItem: (name) => kept.delete(name),
    },
    proxyUrl: 'http://page/api/fal',
    fetch: vi.fn(async () =>
      proxy ? Response.json({ endpoint: 'fal-ai/inpaint' }) : new Response('<html>', { status: 404 }),
    ),
    isOnline: () => connection.online,
    onConnection(listener) {
      connection.tell = listener;
    },
  };
  const hosted = createHosted(place);
  const local = vi.fn(async () => {
    if (failure) throw failure;
    return answerOf(1);
  });
  const remote = vi.fn(async () => answerOf(2));
  const engine = hosted.route({ inpaint: local, dispose: async () => {} } as unknown as LocalEngine, {
    inpaint: remote,
    dispose: async () => {},
  } satisfies Engine);
  const run = (model?: string, signal = new AbortController().signal) =>
    engine.inpaint(request(model), options, { signal, onProgress: () => {} });
  /** Answers the question as soon as it is asked. */
  const answer = (given: Answer) => {
    const stop = hosted.store.subscribe(({ question }) => {
      if (question === null) return;
      stop();
      queueMicrotask(() => hosted.answer(given));
    });
  };
  return { hosted, place, kept, connection, local, remote, run, answer };
}

describe('the switch', () => {
  it('is off at first: nothing is sent, and nobody is asked whether there is a proxy', async () => {
    const { run, remote, place } = setUp();
    expect((await run()).seed).toBe(1);
    expect(remote).not.toHaveBeenCalled();
    expect(place.fetch).not.toHaveBeenCalled();
  });

  it('on, sends every run and prepares nothing here', async () => {
    const { hosted, run, local } = setUp();
    hosted.setOn(true);
    const work = vi.fn();
    await hosted.prepare('owner/name', new AbortController().signal, work);
    expect((await run()).seed).toBe(2);
    expect(local).not.toHaveBeenCalled();
    expect(work).not.toHaveBeenCalled();
  });

  it.each(['starter', 'my own file'])('on, refuses %s, which no one else can reach', async (model) => {
    const { hosted, run, remote } = setUp();
    hosted.setOn(true);
    await expect(run(model)).rejects.toMatchObject({ name: 'InputError', field: 'model_name' });
    expect(remote).not.toHaveBeenCalled();
  });

  it('says whether the machine is online', () => {
    const { hosted, connection } = setUp();
    connection.online = false;
    connection.tell();
    expect(hosted.store.getState().online).toBe(false);
  });
});

describe('the key', () => {
  it('stays in memory unless the person asks, is shown masked, and can be removed', () => {
    const { hosted, kept } = setUp();
    expect(() => hosted.access()).toThrow(InputError);
    hosted.setKey(` ${MARKER} `, false);
    expect(hosted.access()).toEqual({ kind: 'key', key: MARKER });
    expect(kept.size).toBe(0);
    expect(hosted.store.getState()).toMatchObject({ maskedKey: '••••6789', remembered: false });
    expect(JSON.stringify(hosted.store.getState())).not.toContain(MARKER);

    hosted.setKey(MARKER, true);
    expect([...kept.values()]).toEqual([MARKER]);
    hosted.setKey(MARKER, false);
    expect(kept.size).toBe(0);

    hosted.setKey(MARKER, true);
    hosted.removeKey();
    expect(kept.size).toBe(0);
    expect(hosted.store.getState()).toMatchObject({ maskedKey: null, remembered: false });
    expect(() => hosted.access()).toThrow(InputError);
  });

  it('is found again where it was kept', () => {
    const { place, hosted } = setUp();
    hosted.setKey(MARKER, true);
    expect(createHosted(place).access()).toEqual({ kind: 'key', key: MARKER });
  });

  it('shows nothing of a short one', () => {
    const { hosted } = setUp();
    hosted.setKey('short', false);
    expect(hosted.store.getState().maskedKey).toBe('••••');
  });

  it('is not needed where the page’s own server has one', async () => {
    const { hosted } = setUp({ proxy: true });
    hosted.setOn(true);
    await expect.poll(() => hosted.store.getState().hasProxy).toBe(true);
    expect(hosted.access()).toEqual({ kind: 'proxy', url: 'http://page/api/fal' });
  });
});

describe('a run that cannot be made here', () => {
  const failure = new DeviceError('out of memory');

  it.each([failure, new CheckpointError('unsupported')])(
    'is offered with the reason, and sent once: %s',
    async (error) => {
      const { hosted, run, answer, remote } = setUp({ failure: error, proxy: true });
      const questions: unknown[] = [];
      hosted.store.subscribe(({ question }) => question && questions.push(question));
      answer('once');
      expect((await run()).seed).toBe(2);
      expect(questions).toEqual([{ reason: error.message }]);
      expect(hosted.store.getState()).toMatchObject({ question: null, always: false, on: false });
      answer('no');
      await expect(run()).rejects.toBe(error);
      expect(remote).toHaveBeenCalledOnce();
    },
  );

  it('is sent without asking after “always”, until that is taken back', async () => {
    const { hosted, run, answer, remote } = setUp({ failure, proxy: true });
    answer('always');
    await run();
    expect((await run()).seed).toBe(2);
    hosted.askAgain();
    answer('no');
    await expect(run()).rejects.toBe(failure);
    expect(remote).toHaveBeenCalledTimes(2);
  });

  it('is offered where its preparation fails, and goes straight there', async () => {
    const { hosted, run, answer, local } = setUp({ proxy: true });
    answer('once');
    const { signal } = new AbortController();
    await hosted.prepare('owner/name', signal, () => Promise.reject(failure));
    expect((await run()).seed).toBe(2);
    expect(local).not.toHaveBeenCalled();
    // The consent was for that run alone.
    expect((await run()).seed).toBe(1);
  });

  it.each([
    [
      'another machine would fail as well',
      { failure: new InputError('mask_url', 'x'), proxy: true },
      'owner/name',
    ],
    ['the network is what failed', { failure: new NetworkError('x'), proxy: true }, 'owner/name'],
    ['there is no key', { failure }, 'owner/name'],
    ['the machine is offline', { failure, proxy: true, online: false }, 'owner/name'],
    ['no one else has the model', { failure, proxy: true }, 'starter'],
  ])('is not offered where %s', async (_why, given, model) => {
    const { hosted, run, remote } = setUp(given);
    const asked = vi.fn();
    hosted.store.subscribe(({ question }) => question && asked());
    await expect(run(model)).rejects.toBe(given.failure);
    expect(asked).not.toHaveBeenCalled();
    expect(remote).not.toHaveBeenCalled();
  });

  it('is sent nowhere where it is cancelled while the question stands', async () => {
    const { hosted, run, remote } = setUp({ failure, proxy: true });
    const controller = new AbortController();
    hosted.store.subscribe(({ question }) => question && controller.abort());
    await expect(run('owner/name', controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(remote).not.toHaveBeenCalled();
    expect(hosted.store.getState().question).toBeNull();
  });
});
