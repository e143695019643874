import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Progress } from './engine';
import { CheckpointError, DeviceError, DeviceLostError } from './errors';
import { createLocalEngine, type WorkerLike } from './local';
import type { FromWorker, ToWorker } from './protocol';
import { inpaintRequestSchema, localOptionsSchema } from './schema';

class FakeWorker implements WorkerLike {
  onmessage: WorkerLike['onmessage'] = null;
  onerror: WorkerLike['onerror'] = null;
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

  it('starts a new worker after one whose device was lost', async () => {
    const { run } = setUp();
    const first = run();
    const waiting = run();
    worker(0).answer({ type: 'error', id: 1, error: { name: 'DeviceError', message: 'lost' }, dead: true });
    await expect(first).rejects.toThrow(new DeviceError('lost'));
    await expect(waiting).rejects.toThrow(DeviceLostError);
    expect(worker(0).terminated).toBe(true);
    const next = run();
    worker(1).answer({ type: 'result', id: 3, picture });
    await expect(next).resolves.toMatchObject({ seed: 3 });
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
