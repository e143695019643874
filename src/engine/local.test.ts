import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Progress } from '../contract/engine';
import { CheckpointError, DeviceError } from '../contract/errors';
import type { FromWorker, ToWorker } from '../contract/protocol';
import { inpaintRequestSchema, localOptionsSchema } from '../contract/schema';
import { createLocalEngine, type EngineWorker } from './local';

class FakeWorker implements EngineWorker {
  onmessage: EngineWorker['onmessage'] = null;
  onerror: EngineWorker['onerror'] = null;
  readonly received: ToWorker[] = [];
  terminated = false;

  postMessage(message: ToWorker): void {
    this.received.push(message);
  }
  terminate(): void {
    this.terminated = true;
  }
  answer(data: FromWorker): void {
    this.onmessage?.({ data } as MessageEvent<FromWorker>);
  }
}

const request = inpaintRequestSchema.parse({
  model_name: 'starter',
  prompt: 'a cat',
  image_url: 'data:image/png;base64,AA==',
  mask_url: 'data:image/png;base64,AA==',
});
const options = localOptionsSchema.parse({});
const picture = {
  png: new Blob(['png'], { type: 'image/png' }),
  width: 8,
  height: 16,
  seed: 3,
  timings: { denoise: 1 },
};

let workers: FakeWorker[];
beforeEach(() => {
  workers = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function worker(index: number): FakeWorker {
  const found = workers[index];
  if (found === undefined) throw new Error(`worker ${index} was not started`);
  return found;
}

function setUp() {
  const engine = createLocalEngine({
    baseUrl: 'https://example.test/inlay/',
    spawn() {
      const started = new FakeWorker();
      workers.push(started);
      return started;
    },
  });
  const progress: Progress[] = [];
  const run = (signal = new AbortController().signal) =>
    engine.inpaint(request, options, { signal, onProgress: (step) => progress.push(step) });
  return { engine, progress, run };
}

describe('createLocalEngine', () => {
  it('tells the worker where the page lies, sends the request and gives the API’s answer back', async () => {
    const { run, progress } = setUp();
    const result = run();
    expect(worker(0).received).toEqual([
      { type: 'init', baseUrl: 'https://example.test/inlay/', provider: 'auto' },
      { type: 'inpaint', id: 1, request, options },
    ]);
    worker(0).answer({ type: 'progress', id: 1, progress: { stage: 'encode' } });
    worker(0).answer({ type: 'result', id: 1, picture });
    expect(await result).toEqual({
      image: {
        url: expect.stringMatching(/^blob:/),
        content_type: 'image/png',
        file_name: 'inlay-3.png',
        file_size: 3,
        width: 8,
        height: 16,
      },
      seed: 3,
      timings: { denoise: 1 },
    });
    expect(progress).toEqual([{ stage: 'encode' }]);
  });

  it('warms up one piece at a time, not during a run, and gives up with its worker', async () => {
    const { engine, run } = setUp();
    const first = engine.warmUp?.();
    expect(worker(0).received.at(-1)).toEqual({ type: 'warmUp', id: 1 });
    expect(await engine.warmUp?.()).toBe(true);
    worker(0).answer({ type: 'warmed', id: 1, more: true });
    expect(await first).toBe(true);

    const second = engine.warmUp?.();
    const error = { name: 'DeviceError' as const, message: 'no' };
    worker(0).answer({ type: 'error', id: 2, error, dead: false });
    await expect(second).rejects.toMatchObject({ name: 'DeviceError', message: 'no' });

    const third = engine.warmUp?.();
    const running = run();
    running.catch(() => {});
    worker(0).onerror?.({ message: 'gone' } as ErrorEvent);
    expect(await third).toBe(false);
    const next = run();
    next.catch(() => {});
    const { length } = worker(1).received;
    expect(await engine.warmUp?.()).toBe(true);
    expect(worker(1).received).toHaveLength(length);
    await engine.dispose();
  });

  it('cancels in the worker and closes previews that come too late', async () => {
    const { run, progress } = setUp();
    const controller = new AbortController();
    const result = run(controller.signal);
    controller.abort();
    expect(worker(0).received.at(-1)).toEqual({ type: 'cancel', id: 1 });
    const preview = { close: vi.fn() } as unknown as ImageBitmap;
    worker(0).answer({ type: 'progress', id: 1, progress: { stage: 'denoise', step: 1, steps: 2, preview } });
    expect(preview.close).toHaveBeenCalledOnce();
    worker(0).answer({ type: 'error', id: 1, error: { name: 'AbortError', message: '' }, dead: false });
    await expect(result).rejects.toMatchObject({ name: 'AbortError' });
    expect(progress).toEqual([]);
  });

  it('starts a new worker after one whose device was lost, where those that waited go on', async () => {
    const { run } = setUp();
    const first = run();
    const waiting = run();
    worker(0).answer({ type: 'error', id: 1, error: { name: 'DeviceError', message: 'lost' }, dead: true });
    await expect(first).rejects.toThrow(new DeviceError('lost'));
    expect(worker(0).terminated).toBe(true);
    expect(worker(1).received.at(-1)).toEqual({ type: 'inpaint', id: 2, request, options });
    worker(1).answer({ type: 'result', id: 2, picture });
    await expect(waiting).resolves.toMatchObject({ seed: 3 });
    const next = run();
    worker(1).answer({ type: 'result', id: 3, picture });
    await expect(next).resolves.toMatchObject({ seed: 3 });
  });

  it('ends a worker that does not answer a cancel within five seconds; the others’ runs go on in a new one', async () => {
    vi.useFakeTimers();
    const { run } = setUp();
    const controller = new AbortController();
    const hanging = run(controller.signal);
    const other = run();
    controller.abort();
    await vi.advanceTimersByTimeAsync(4_900);
    expect(workers).toHaveLength(1);
    const cancelled = expect(hanging).rejects.toMatchObject({ name: 'AbortError' });
    await vi.advanceTimersByTimeAsync(200);
    await cancelled;
    expect(worker(0).terminated).toBe(true);
    expect(worker(1).received.map(({ type }) => type)).toEqual(['init', 'inpaint']);
    worker(1).answer({ type: 'result', id: 2, picture });
    await expect(other).resolves.toMatchObject({ seed: 3 });
    // Nobody waits: the new worker stands ready all the same.
    const second = new AbortController();
    const alone = run(second.signal);
    second.abort();
    const ended = expect(alone).rejects.toMatchObject({ name: 'AbortError' });
    await vi.advanceTimersByTimeAsync(5_100);
    await ended;
    expect(workers).toHaveLength(3);
    const next = run();
    worker(2).answer({ type: 'result', id: 4, picture });
    await expect(next).resolves.toMatchObject({ seed: 3 });
  });

  it('cancels at once what waits, and gives the run at work its time', async () => {
    vi.useFakeTimers();
    const { run } = setUp();
    const controller = new AbortController();
    const long = run();
    const waiting = run(controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(worker(0).received.at(-1)).toEqual({ type: 'cancel', id: 2 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(worker(0).terminated).toBe(false);
    worker(0).answer({ type: 'result', id: 1, picture });
    await expect(long).resolves.toMatchObject({ seed: 3 });
    // The cancelled one would be at work now, and says nothing.
    await vi.advanceTimersByTimeAsync(5_100);
    expect(worker(0).terminated).toBe(true);
  });

  it('a worker that answers in time lives on', async () => {
    vi.useFakeTimers();
    const { run } = setUp();
    const controller = new AbortController();
    const result = run(controller.signal);
    controller.abort();
    worker(0).answer({ type: 'error', id: 1, error: { name: 'AbortError', message: '' }, dead: false });
    await expect(result).rejects.toMatchObject({ name: 'AbortError' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(workers).toHaveLength(1);
    expect(worker(0).terminated).toBe(false);
  });

  it('notices a worker that ends without a word, by the lock that it held', async () => {
    let free = () => {};
    vi.stubGlobal('navigator', {
      locks: {
        async request(_name: string, ended: () => void) {
          free = ended;
        },
      },
    });
    const { run } = setUp();
    const silent = run();
    const other = run();
    worker(0).answer({ type: 'alive', lock: 'inlay-worker-1' });
    free();
    await expect(silent).rejects.toThrow(/^The engine stopped \(it ended unexpectedly\)/);
    worker(1).answer({ type: 'result', id: 2, picture });
    await expect(other).resolves.toMatchObject({ seed: 3 });
  });

  it('fails the run whose answer cannot be read, and ignores what belongs to none with a line in the log', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { run } = setUp();
    const result = run();
    const wrong: unknown[] = [
      ...[null, 7, 'text', [], {}, { type: 'nonsense', id: 1 }, { type: 'progress', id: 1 }],
      { type: 'progress', id: 1, progress: { stage: Object.create(null) } },
      { type: 'progress', id: 1, progress: { stage: 'denoise', step: 'one', steps: 2 } },
      { type: 'progress', id: 1, progress: { stage: 'constructor' } },
      { type: 'status', status: { provider: 'abacus', precision: 'fp32' } },
      { type: 'result', id: '1', picture },
    ];
    for (const message of wrong) worker(0).answer(message as FromWorker);
    expect(warn).toHaveBeenCalledTimes(wrong.length);
    worker(0).answer({
      type: 'result',
      id: 1,
      picture: { ...picture, png: 'none' },
    } as unknown as FromWorker);
    await expect(result).rejects.toThrow(/unreadable message/);
    const next = run();
    worker(0).answer({
      type: 'error',
      id: 2,
      error: { name: 'constructor', message: {} },
    } as unknown as FromWorker);
    await expect(next).rejects.toMatchObject({ name: 'InternalError' });
    warn.mockRestore();
  });

  it('keeps the class of the worker’s errors', async () => {
    const { run } = setUp();
    const result = run();
    worker(0).answer({
      type: 'error',
      id: 1,
      error: { name: 'CheckpointError', message: 'unet: no weights' },
      dead: false,
    });
    await expect(result).rejects.toThrow(new CheckpointError('unet: no weights'));
  });

  it('fails every call when the worker cannot start', async () => {
    const { run } = setUp();
    const result = run();
    worker(0).onerror?.({ message: 'blocked' } as ErrorEvent);
    await expect(result).rejects.toThrow(/engine stopped \(blocked\)/);
  });

  it('gives the status to listeners that come before and after it', () => {
    const { engine } = setUp();
    const early = vi.fn();
    const late = vi.fn();
    engine.onStatus(early);
    worker(0).answer({ type: 'status', status: { provider: 'wasm', precision: 'fp32', threads: 2 } });
    engine.onStatus(late);
    expect(early).toHaveBeenCalledWith({ provider: 'wasm', precision: 'fp32', threads: 2 });
    expect(late).toHaveBeenCalledOnce();
  });
});
