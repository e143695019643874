import { describe, expect, it, vi } from 'vitest';
import type { Engine, HostedAccess } from '../../contract/engine';
import {
  CheckpointError,
  DeviceError,
  DeviceLostError,
  InputError,
  NetworkError,
  OutOfMemoryError,
  TooLargeError,
  UnsupportedError,
} from '../../contract/errors';
import { inpaintRequestSchema, localOptionsSchema } from '../../contract/schema';
import { type Answer, createHosted, type HostedEnvironment } from './hosted';

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
  failure?: Error | undefined;
  proxy?: boolean;
  online?: boolean;
} = {}) {
  const kept = new Map<string, string>();
  const connection = { online, tell: () => {} };
  const environment: HostedEnvironment = {
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
  let access: () => HostedAccess = () => expect.fail('the hosted engine was not made');
  const local = vi.fn(async () => {
    if (failure) throw failure;
    return answerOf(1);
  });
  const remote = vi.fn(async () => answerOf(2));
  const engineOf = (inpaint: Engine['inpaint']): Engine => ({ inpaint, dispose: async () => {} });
  const hosted = createHosted(environment, (asked) => {
    access = asked;
    return engineOf(remote);
  });
  /** @returns which engine made it */
  const run = async (modelName = 'owner/name', signal = new AbortController().signal) => {
    let maker: string | undefined;
    await hosted.run({ local: engineOf(local), modelName, signal }, async ({ kind, engine }) => {
      await engine.inpaint(request(modelName), options, { signal, onProgress: () => {} });
      maker = kind;
    });
    return maker;
  };
  /** Answers the question as soon as it is asked. */
  const answer = (given: Answer) => {
    const stop = hosted.store.subscribe(({ question }) => {
      if (question === null) return;
      stop();
      queueMicrotask(() => hosted.answer(given));
    });
  };
  return { hosted, access: () => access(), environment, kept, connection, local, remote, run, answer };
}

describe('the switch', () => {
  it('is off at first: nothing is sent, and nobody is asked whether there is a proxy', async () => {
    const { run, remote, environment } = setUp();
    expect(await run()).toBe('local');
    expect(remote).not.toHaveBeenCalled();
    expect(environment.fetch).not.toHaveBeenCalled();
  });

  it('on, sends every run', async () => {
    const { hosted, run, local } = setUp();
    hosted.setKey(MARKER, false);
    hosted.setOn(true);
    expect(await run()).toBe('hosted');
    expect(local).not.toHaveBeenCalled();
  });

  it('on, without a key, asks for one before it says anything of the model', async () => {
    const { hosted, run, remote } = setUp();
    hosted.setOn(true);
    await expect(run('starter')).rejects.toMatchObject({ name: 'InputError', field: 'fal_key' });
    expect(remote).not.toHaveBeenCalled();
  });

  it.each(['starter', 'my own file'])('on, refuses %s, which no one else can reach', async (model) => {
    const { hosted, run, remote } = setUp();
    hosted.setKey(MARKER, false);
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
    const { hosted, access, kept } = setUp();
    expect(() => access()).toThrow(InputError);
    hosted.setKey(` ${MARKER} `, false);
    expect(access()).toEqual({ kind: 'key', key: MARKER });
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
    expect(() => access()).toThrow(InputError);
  });

  it('is found again where it was kept', () => {
    const { environment, hosted } = setUp();
    hosted.setKey(MARKER, true);
    const connect = vi.fn();
    createHosted(environment, connect);
    expect(connect.mock.lastCall?.[0]()).toEqual({ kind: 'key', key: MARKER });
  });

  it('shows nothing of a short one', () => {
    const { hosted } = setUp();
    hosted.setKey('short', false);
    expect(hosted.store.getState().maskedKey).toBe('••••');
  });

  it('is not needed where the page’s own server has one', async () => {
    const { hosted, access } = setUp({ proxy: true });
    hosted.setOn(true);
    await expect.poll(() => hosted.store.getState().hasProxy).toBe(true);
    expect(access()).toEqual({ kind: 'proxy', url: 'http://page/api/fal' });
  });

  it('is looked for again at a server that was out of reach', async () => {
    const { hosted, run, environment } = setUp({ proxy: true });
    vi.mocked(environment.fetch).mockRejectedValueOnce(new TypeError('Failed to fetch'));
    hosted.setOn(true);
    await expect.poll(() => vi.mocked(environment.fetch).mock.calls.length).toBe(1);
    expect(hosted.store.getState().hasProxy).toBe(false);
    await run();
    await run();
    expect(hosted.store.getState().hasProxy).toBe(true);
    // Once it has answered it is not asked any more.
    expect(environment.fetch).toHaveBeenCalledTimes(2);
  });
});

describe('a run that cannot be made here', () => {
  const figures = { component: 'unet', neededBytes: 2, availableBytes: 1, limit: 'memory' } as const;
  const failure = new TooLargeError('Too large', figures);
  const lost = new DeviceLostError('lost');

  it.each([failure, new OutOfMemoryError('Out of memory'), new UnsupportedError('unsupported')])(
    'is offered with the reason, and sent once: %s',
    async (error) => {
      const { hosted, run, answer, remote } = setUp({ failure: error, proxy: true });
      const questions: unknown[] = [];
      hosted.store.subscribe(({ question }) => question && questions.push(question));
      answer('once');
      expect(await run()).toBe('hosted');
      expect(questions).toEqual([{ reason: `${error.message}.` }]);
      expect(hosted.store.getState()).toMatchObject({ question: null, always: false, on: false });
      answer('no');
      await expect(run()).rejects.toBe(error);
      expect(remote).toHaveBeenCalledOnce();
    },
  );

  it('is offered at the second loss of the device, not at the first', async () => {
    const { run, answer, local } = setUp({ failure: lost, proxy: true });
    await expect(run()).rejects.toBe(lost);
    answer('once');
    expect(await run()).toBe('hosted');
    // A success on this device starts the count again.
    local.mockResolvedValueOnce(answerOf(1));
    expect(await run()).toBe('local');
    await expect(run()).rejects.toBe(lost);
    answer('once');
    expect(await run()).toBe('hosted');
  });

  it('is sent without asking after “always”, also at the next visit, until that is taken back', async () => {
    const { hosted, environment, run, answer, remote } = setUp({ failure, proxy: true });
    answer('always');
    await run();
    expect(await run()).toBe('hosted');
    expect(createHosted(environment, vi.fn()).store.getState().always).toBe(true);
    hosted.askAgain();
    expect(createHosted(environment, vi.fn()).store.getState().always).toBe(false);
    answer('no');
    await expect(run()).rejects.toBe(failure);
    expect(remote).toHaveBeenCalledTimes(2);
  });

  it('is offered without a key, too, for one can be entered then; “always” does not do without', async () => {
    const { hosted, access, run, remote } = setUp({ failure });
    let asked = 0;
    hosted.store.subscribe(({ question }, before) => {
      if (question === null || before.question !== null) return;
      asked++;
      expect(access).toThrow(InputError);
      queueMicrotask(() => {
        hosted.setKey(MARKER, false);
        hosted.answer('always');
      });
    });
    expect(await run()).toBe('hosted');
    expect(await run()).toBe('hosted');
    expect([asked, remote.mock.calls.length]).toEqual([1, 2]);
    hosted.removeKey();
    expect(await run()).toBe('hosted');
    expect(asked).toBe(2);
  });

  it.each<[string, Error, Partial<Parameters<typeof setUp>[0]>, string?]>([
    ['another machine would fail as well', new InputError('mask_url', 'x'), {}],
    ['the network is what failed', new NetworkError('x'), {}],
    ['the checkpoint is damaged', new CheckpointError('ends within its header'), {}],
    ['the disk is full', new DeviceError('free some space'), {}],
    ['the device was lost once', lost, {}],
    ['the machine is offline', failure, { online: false }],
    ['no one else has the model', failure, {}, 'starter'],
  ])('is not offered where %s', async (_why, error, given, model) => {
    const { hosted, run, remote } = setUp({ failure: error, proxy: true, ...given });
    const asked = vi.fn();
    hosted.store.subscribe(({ question }) => question && asked());
    await expect(run(model)).rejects.toBe(error);
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

describe('a server of one’s own', () => {
  const ADDRESS = 'http://127.0.0.1:8199';

  it('takes the runs that the switch sends, with its key, and the starter and its own names too', async () => {
    const { hosted, access, run, kept } = setUp();
    hosted.setKey('key-of-the-host-00000', false);
    expect(hosted.setServer(` ${ADDRESS}/ `, ` ${MARKER} `, false)).toBeNull();
    expect(access()).toEqual({ kind: 'server', url: ADDRESS, key: MARKER });
    expect([...kept.values()]).toEqual([ADDRESS]);
    expect(hosted.store.getState()).toMatchObject({ server: ADDRESS, maskedServerKey: '••••6789' });
    expect(JSON.stringify(hosted.store.getState())).not.toContain(MARKER);
    hosted.setOn(true);
    for (const name of ['starter', 'owner/name', 'a-folder-of-its-own'])
      expect(await run(name)).toBe('hosted');
    await expect(run('disk:mine')).rejects.toMatchObject({ name: 'InputError', field: 'model_name' });

    hosted.removeServer();
    expect(access()).toEqual({ kind: 'key', key: 'key-of-the-host-00000' });
    await expect(run('starter')).rejects.toMatchObject({ field: 'model_name' });
  });

  it('is found again, and its key where it was to be kept; both go with it', () => {
    const { hosted, environment, kept } = setUp();
    hosted.setServer(ADDRESS, MARKER, true);
    const connect = vi.fn();
    createHosted(environment, connect);
    expect(connect.mock.lastCall?.[0]()).toEqual({ kind: 'server', url: ADDRESS, key: MARKER });
    hosted.removeServer();
    expect(kept.size).toBe(0);
  });

  it('is asked for anew before anything is sent there without a question', async () => {
    const { hosted, answer, run } = setUp({ failure: new OutOfMemoryError('full') });
    hosted.setKey(MARKER, false);
    answer('always');
    await run();
    expect(hosted.store.getState().always).toBe(true);
    hosted.setServer(ADDRESS, '', false);
    expect(hosted.store.getState().always).toBe(false);
  });

  it.each(['', 'ftp://host', 'http://', 'http://name:word@host', `http://${'a'.repeat(3000)}`])(
    'is no “%s”',
    (address) => {
      const { hosted } = setUp();
      expect(hosted.setServer(address, '', false)).toMatch(/^Enter the URL/);
      expect(hosted.store.getState().server).toBeNull();
    },
  );

  it('takes an address without its scheme', () => {
    const { hosted } = setUp();
    hosted.setServer('localhost:8199', '', false);
    expect(hosted.store.getState().server).toBe('http://localhost:8199');
  });
});
