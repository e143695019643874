import { describe, expect, it, vi } from 'vitest';
import { eventually } from '../../test/support/eventually';
import type { Call } from '../contract/engine';
import { CheckpointError } from '../contract/errors';
import type { FinishedPicture, FromWorker } from '../contract/protocol';
import { inpaintRequestSchema, localOptionsSchema } from '../contract/schema';
import { type Host, serve } from './serve';

const request = inpaintRequestSchema.parse({
  model_name: 'starter',
  prompt: 'a cat',
  image_url: 'data:image/png;base64,AA==',
  mask_url: 'data:image/png;base64,AA==',
});
const options = localOptionsSchema.parse({});
const picture: FinishedPicture = { png: new Blob(['x']), width: 8, height: 8, seed: 1, timings: {} };

function setUp(inpaint: (call: Call) => Promise<FinishedPicture>, dead = false) {
  const posted: FromWorker[] = [];
  const host: Host = { inpaint: (_request, _options, call) => inpaint(call), isDead: () => dead };
  const receive = serve(host, (message) => posted.push(message));
  return { posted, start: (id: number) => receive({ type: 'inpaint', id, request, options }), receive };
}

/** Fails at the first step after its signal aborted, as the pipeline does. */
async function stepUntilAborted({ signal }: Call): Promise<FinishedPicture> {
  for (;;) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('serve', () => {
  it('runs one request after another and says where the second stands', async () => {
    let open = 0;
    let most = 0;
    const { posted, start } = setUp(async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 2));
      open--;
      return picture;
    });
    start(1);
    start(2);
    await eventually(() => expect(posted.filter(({ type }) => type === 'result')).toHaveLength(2));
    expect(most).toBe(1);
    expect(posted[0]).toEqual({ type: 'progress', id: 2, progress: { stage: 'queue', position: 1 } });
  });

  it('measures the device between runs, and not while one waits', async () => {
    const posted: FromWorker[] = [];
    const running: ((picture: FinishedPicture) => void)[] = [];
    const inpaint = () => new Promise<FinishedPicture>((resolve) => running.push(resolve));
    let measured = 0;
    const measureSpeed = async () => {
      if (++measured === 2) throw new CheckpointError('out of order');
      return 5e9;
    };
    const receive = serve({ inpaint, isDead: () => false, measureSpeed }, (message) => posted.push(message));
    receive({ type: 'measure', id: 1 });
    await eventually(() => expect(posted).toEqual([{ type: 'measured', id: 1, speed: 5e9 }]));
    receive({ type: 'measure', id: 2 });
    await eventually(() => expect(posted[1]).toMatchObject({ type: 'answered', id: 2 }));
    receive({ type: 'inpaint', id: 3, request, options });
    receive({ type: 'measure', id: 4 });
    receive({ type: 'inpaint', id: 5, request, options });
    await eventually(() => expect(running).toHaveLength(1));
    running[0]?.(picture);
    await eventually(() => expect(posted).toContainEqual({ type: 'measured', id: 4, speed: null }));
    expect(measured).toBe(2);
  });

  it('cancels a running and a waiting request, and runs the next', async () => {
    // The first request must be under way before it is cancelled, else the host never sees it.
    let calls = 0;
    const { posted, start, receive } = setUp((call) =>
      ++calls === 1 ? stepUntilAborted(call) : Promise.resolve(picture),
    );
    start(1);
    start(2);
    start(3);
    await eventually(() => expect(calls).toBe(1));
    receive({ type: 'cancel', id: 2 });
    receive({ type: 'cancel', id: 1 });
    await eventually(() => expect(posted.some(({ type }) => type === 'result')).toBe(true));
    const ends = posted.filter(({ type }) => type !== 'progress');
    expect(ends).toEqual([
      // Waiting requests are answered immediately; running ones stop first.
      { type: 'error', id: 2, error: { name: 'AbortError', message: '' }, dead: false },
      { type: 'error', id: 1, error: { name: 'AbortError', message: '' }, dead: false },
      { type: 'result', id: 3, picture },
    ]);
    expect(calls).toBe(2);
  });

  it('keeps an error’s class and text, and runs on after it', async () => {
    let calls = 0;
    const { posted, start } = setUp(async () => {
      if (++calls === 1) throw new CheckpointError('unet: tensor "conv_in.weight" is missing');
      return picture;
    });
    start(1);
    start(2);
    await eventually(() => expect(posted.some(({ type }) => type === 'result')).toBe(true));
    expect(posted).toContainEqual({
      type: 'error',
      id: 1,
      error: {
        name: 'CheckpointError',
        field: 'model_name',
        message: 'unet: tensor "conv_in.weight" is missing',
      },
      dead: false,
    });
  });

  it('lets go of the model between runs, never during one', async () => {
    const release = vi.fn(async () => {});
    const posted: FromWorker[] = [];
    const host: Host = {
      inpaint: (_request, _options, call) => stepUntilAborted(call),
      isDead: () => false,
      release,
    };
    const receive = serve(host, (message) => posted.push(message));
    receive({ type: 'release', id: 1 });
    await eventually(() => expect(posted).toEqual([{ type: 'answered', id: 1 }]));
    expect(release).toHaveBeenCalledOnce();
    receive({ type: 'inpaint', id: 2, request, options });
    receive({ type: 'release', id: 3 });
    expect(posted.at(-1)).toEqual({ type: 'answered', id: 3 });
    expect(release).toHaveBeenCalledOnce();
    receive({ type: 'cancel', id: 2 });
  });

  it('warms up between runs, never beside one', async () => {
    const posted: FromWorker[] = [];
    let pieces = 2;
    const host: Host = {
      inpaint: (_request, _options, call) => stepUntilAborted(call),
      isDead: () => false,
      warmUp: async () => --pieces > 0,
    };
    const receive = serve(host, (message) => posted.push(message));
    receive({ type: 'warmUp', id: 1 });
    await eventually(() => expect(posted).toEqual([{ type: 'warmed', id: 1, more: true }]));
    receive({ type: 'inpaint', id: 2, request, options });
    receive({ type: 'warmUp', id: 3 });
    expect(posted.at(-1)).toEqual({ type: 'warmed', id: 3, more: true });
    expect(pieces).toBe(1);
    receive({ type: 'cancel', id: 2 });
  });

  it('passes on what the device cannot run', async () => {
    const posted: FromWorker[] = [];
    const judge = () => Promise.reject(new CheckpointError('too much'));
    const host: Host = {
      inpaint: (_request, _options, call) => stepUntilAborted(call),
      isDead: () => false,
      judge,
    };
    serve(host, (message) => posted.push(message))({ type: 'judge', id: 1, name: 'large', texts: new Map() });
    const error = { name: 'CheckpointError', field: 'model_name', message: 'too much' };
    await eventually(() => expect(posted).toEqual([{ type: 'answered', id: 1, error }]));
  });

  it('says when the worker is dead', async () => {
    const { posted, start } = setUp(() => Promise.reject(new Error('boom')), true);
    start(1);
    await eventually(() => expect(posted).toHaveLength(1));
    expect(posted[0]).toMatchObject({ type: 'error', dead: true, error: { name: 'InternalError' } });
  });

  it('answers a run that cannot be read by a named error, ignores the rest with a line in the log, and runs on', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { posted, start, receive } = setUp(async () => picture);
    const inpaint = { type: 'inpaint', id: 7, request, options };
    const ignored: unknown[] = [
      ...[null, undefined, 7, 'inpaint', [], {}, { type: {} }, { type: 'nonsense' }, { type: 'cancel' }],
      ...[
        { ...inpaint, id: 'seven' },
        { ...inpaint, id: 1.5 },
        { type: 'hub' },
        { type: 'hub', hub: { token: 7 } },
      ],
    ];
    for (const message of ignored) receive(message as Parameters<typeof receive>[0]);
    expect(posted).toEqual([]);
    expect(warn).toHaveBeenCalledTimes(ignored.length);
    const failing: [message: unknown, name: string, field: string | undefined][] = [
      [{ ...inpaint, request: undefined }, 'InputError', 'request'],
      [{ ...inpaint, request: { ...request, prompt: Object.create(null) } }, 'InputError', 'prompt'],
      [{ ...inpaint, options: { ...options, strength: 'all' } }, 'InputError', 'strength'],
      [{ type: 'judge', id: 7, name: 'x', texts: {} }, 'InternalError', undefined],
    ];
    for (const [message, name, field] of failing) {
      receive(message as Parameters<typeof receive>[0]);
      const error = { name, message: expect.any(String), ...(field !== undefined && { field }) };
      expect(posted.pop()).toMatchObject({ type: 'error', id: 7, error, dead: false });
    }
    start(8);
    await eventually(() => expect(posted).toContainEqual({ type: 'result', id: 8, picture }));
    warn.mockRestore();
  });

  it('takes 10,000 runs at once, wrong ones among them, each answered once and in order', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { posted, receive } = setUp(async () => picture);
    for (let id = 0; id < 10_000; id++) {
      const wrong = id % 3 === 0 ? { ...request, seed: 'one' } : request;
      receive({ type: 'inpaint', id, request: wrong, options } as Parameters<typeof receive>[0]);
      if (id % 5 === 1) receive({ type: 'cancel', id });
    }
    const ends = () => posted.filter(({ type }) => type !== 'progress') as { id: number }[];
    await eventually(() => expect(ends()).toHaveLength(10_000));
    expect(new Set(ends().map(({ id }) => id)).size).toBe(10_000);
    const results = posted.flatMap((message) => (message.type === 'result' ? [message.id] : []));
    expect(results).toEqual([...results].sort((a, b) => a - b));
    vi.restoreAllMocks();
  });
});
