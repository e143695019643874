import { expect, it } from 'vitest';
import { NothingLeftError } from '../image/fill/errors';
import { createMask, createPixels } from '../image/raster';
import type { FromFill, ToFill } from './fill';
import { createFillInWorker, type FillWorker } from './fillClient';

const size = { width: 2, height: 1 };

/** Answers when it is told to. */
class FakeWorker implements FillWorker {
  onmessage: FillWorker['onmessage'] = null;
  onerror: FillWorker['onerror'] = null;
  asked: ToFill[] = [];
  isEnded = false;

  postMessage(message: ToFill): void {
    this.asked.push(message);
  }
  terminate(): void {
    this.isEnded = true;
  }
  answer(data: FromFill): void {
    this.onmessage?.({ data } as MessageEvent<FromFill>);
  }
}

function setUp() {
  const workers: FakeWorker[] = [];
  const fill = createFillInWorker(() => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker;
  });
  const controller = new AbortController();
  const start = () => fill(createPixels(size), createMask(size), { seed: 7, signal: controller.signal });
  return { workers, start, cancel: () => controller.abort() };
}

it('fills one hole after another in the same worker', async () => {
  const { workers, start } = setUp();
  for (const value of [1, 2]) {
    const filled = start();
    const pixels = createPixels(size);
    pixels.data.fill(value);
    workers[0]?.answer({ pixels });
    expect((await filled).data[0]).toBe(value);
  }
  expect(workers).toHaveLength(1);
  expect(workers[0]?.asked.map(({ seed }) => seed)).toEqual([7, 7]);
});

it('ends the worker with a fill that is cancelled, and starts another for the next', async () => {
  const { workers, start, cancel } = setUp();
  const filled = start();
  cancel();
  await expect(filled).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  expect(workers[0]?.isEnded).toBe(true);
  await expect(start()).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  expect(workers).toHaveLength(1);
});

it('tells an image that leaves nothing to continue from a worker that failed', async () => {
  const { workers, start } = setUp();
  const nothing = start();
  workers[0]?.answer({ error: 'nothing is left', nothingLeft: true });
  await expect(nothing).rejects.toBeInstanceOf(NothingLeftError);
  const failing = start();
  workers[0]?.onerror?.({ message: 'out of memory' } as ErrorEvent);
  await expect(failing).rejects.toThrow('out of memory');
  expect(workers[0]?.isEnded).toBe(true);
});
