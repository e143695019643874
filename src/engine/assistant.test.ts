import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AssistProgress, FromAssistant, ToAssistant } from '../contract/assist';
import { type AssistantWorker, createAssistant } from './assistant';

class FakeWorker implements AssistantWorker {
  onmessage: AssistantWorker['onmessage'] = null;
  onerror: AssistantWorker['onerror'] = null;
  readonly received: ToAssistant[] = [];
  terminated = false;
  postMessage(message: ToAssistant): void {
    this.received.push(message);
  }
  terminate(): void {
    this.terminated = true;
  }
  answer(data: FromAssistant): void {
    if (!this.terminated) this.onmessage?.({ data } as MessageEvent<FromAssistant>);
  }
  /** The call at work. */
  get call() {
    const calls = this.received.filter((message) => message.type === 'call');
    const last = calls.at(-1);
    if (last === undefined) throw new Error('no call');
    return last;
  }
  progress(progress: AssistProgress): void {
    this.answer({ type: 'progress', id: this.call.id, progress });
  }
  finish(value: null | string = null): void {
    this.answer({ type: 'result', id: this.call.id, value, answerMs: 120 });
  }
}

const image = new Blob(['image']);
const view = { x: 0, y: 0, width: 10, height: 10 };
const selection = { points: [{ x: 1, y: 2, include: true }], view, refines: false, grow: 0 };

let workers: FakeWorker[];
beforeEach(() => {
  workers = [];
});
const worker = (index: number): FakeWorker => {
  const found = workers[index];
  if (found === undefined) throw new Error(`worker ${index} was not started`);
  return found;
};
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

function setUp() {
  const assistant = createAssistant({
    baseUrl: 'https://example.test/inlay/',
    isKept: async () => false,
    spawn() {
      const started = new FakeWorker();
      workers.push(started);
      return started;
    },
  });
  const seen: AssistProgress['stage'][] = [];
  const call = (signal = new AbortController().signal) => ({
    signal,
    onProgress: ({ stage }: AssistProgress) => seen.push(stage),
  });
  return { assistant, seen, call };
}

describe('the assistant’s client', () => {
  it('starts its worker at the first call, sends each image once, and one call at a time', async () => {
    const { assistant, call } = setUp();
    expect(workers).toHaveLength(0);
    const first = assistant.prepare(image, view, call());
    const second = assistant.select(image, selection, call());
    expect(worker(0).received.map(({ type }) => type)).toEqual(['init', 'image', 'call']);
    worker(0).finish();
    await first;
    await settled();
    expect(worker(0).received.map(({ type }) => type)).toEqual(['init', 'image', 'call', 'call']);
    expect(worker(0).call.request).toMatchObject({ method: 'select', selection });
    worker(0).progress({ stage: 'answer' });
    worker(0).finish();
    await expect(second).resolves.toBeNull();
    expect(assistant.answerMs).toBe(120);
  });

  it('answers presses before it reads ahead, and only the newest hint', async () => {
    const { assistant, call } = setUp();
    void assistant.prepare(image, view, call());
    const stale = assistant.outline(image, selection, call());
    const fresh = assistant.outline(image, selection, call());
    const ahead = assistant.prepare(image, view, call());
    const press = assistant.select(image, selection, call());
    await expect(stale).rejects.toMatchObject({ name: 'AbortError' });
    const order: string[] = [];
    for (let i = 0; i < 4; i++) {
      order.push(worker(0).call.request.method);
      worker(0).finish(order.at(-1) === 'outline' ? 'M0 0Z' : null);
      await settled();
    }
    expect(order).toEqual(['prepare', 'select', 'prepare', 'outline']);
    await Promise.all([ahead, press]);
    await expect(fresh).resolves.toBe('M0 0Z');
  });

  it('yields to a run: what takes seconds is stopped and begins again afterwards, in a new worker', async () => {
    const { assistant, seen, call } = setUp();
    const press = assistant.select(image, selection, call());
    worker(0).progress({ stage: 'encode' });
    assistant.hold(true);
    expect(worker(0).terminated).toBe(true);
    expect(seen.at(-1)).toBe('wait');
    expect(workers).toHaveLength(1);
    assistant.hold(false);
    expect(worker(1).received.map(({ type }) => type)).toEqual(['init', 'image', 'call']);
    worker(1).progress({ stage: 'answer' });
    worker(1).finish();
    await expect(press).resolves.toBeNull();
  });

  it('finishes an answer that a run comes upon, and starts no other', async () => {
    const { assistant, call, seen } = setUp();
    const press = assistant.select(image, selection, call());
    worker(0).progress({ stage: 'answer' });
    assistant.hold(true);
    expect(worker(0).terminated).toBe(false);
    worker(0).finish();
    await press;
    const next = assistant.select(image, selection, call());
    await settled();
    expect(worker(0).received.filter(({ type }) => type === 'call')).toHaveLength(1);
    expect(seen.at(-1)).toBe('wait');
    assistant.hold(false);
    worker(0).finish();
    await next;
  });

  it('lets a download go on during a run, and stops before the model is opened', () => {
    const { assistant, call } = setUp();
    void assistant.prepare(image, view, call());
    worker(0).progress({ stage: 'download', loadedBytes: 1, totalBytes: 2 });
    assistant.hold(true);
    expect(worker(0).terminated).toBe(false);
    worker(0).progress({ stage: 'open' });
    expect(worker(0).terminated).toBe(true);
  });

  it('cancels a download by ending its worker, and what waits at once', async () => {
    const { assistant, call } = setUp();
    const controller = new AbortController();
    const waiting = new AbortController();
    const ahead = assistant.prepare(image, view, call(controller.signal));
    const press = assistant.select(image, selection, call(waiting.signal));
    worker(0).progress({ stage: 'download', loadedBytes: 1, totalBytes: 2 });
    waiting.abort();
    await expect(press).rejects.toMatchObject({ name: 'AbortError' });
    expect(worker(0).terminated).toBe(false);
    controller.abort();
    await expect(ahead).rejects.toMatchObject({ name: 'AbortError' });
    expect(worker(0).terminated).toBe(true);
    const again = assistant.prepare(image, view, call());
    worker(1).finish();
    await again;
  });

  it('fails a call whose worker ends, and serves the next', async () => {
    const { assistant, call } = setUp();
    const press = assistant.select(image, selection, call());
    worker(0).onerror?.({ message: 'out of memory' } as ErrorEvent);
    await expect(press).rejects.toThrow(/^Selecting stopped \(out of memory\)/);
    const next = assistant.select(image, selection, call());
    worker(1).finish();
    await next;
  });

  it('passes the worker’s errors on, and ignores what it can’t read', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { assistant, call } = setUp();
    const press = assistant.select(image, selection, call());
    worker(0).answer({ type: 'result', id: worker(0).call.id, value: 7 } as unknown as FromAssistant);
    expect(warn).toHaveBeenCalledOnce();
    const error = { name: 'NetworkError' as const, message: 'no answer' };
    worker(0).answer({ type: 'error', id: worker(0).call.id, error });
    await expect(press).rejects.toThrow('no answer');
    warn.mockRestore();
  });
});
