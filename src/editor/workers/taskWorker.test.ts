import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createTaskClient } from './taskWorker';

const LOST = 'The browser stopped the work.';

/** A worker as the page sees it: told when it is ended, and ending as it is told. */
class FakeWorker extends EventTarget {
  tasks: { id: number; task: string }[] = [];
  isTerminated = false;
  postMessage(message: { id: number; task: string }): void {
    this.tasks.push(message);
  }
  terminate(): void {
    this.isTerminated = true;
  }
  say(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
}

/** By lock: what gives it to whoever waits for it, as browsers do when a worker ends. */
let release: Map<string, () => void>;
let workers: FakeWorker[];
const client = () =>
  createTaskClient<string>(
    () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker as unknown as Worker;
    },
    60_000,
    LOST,
  );

beforeEach(() => {
  release = new Map();
  workers = [];
  const request = (lock: string, got: () => void) =>
    new Promise<void>((resolve) => {
      release.set(lock, () => {
        got();
        resolve();
      });
    });
  vi.stubGlobal('navigator', { locks: { request } });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it('a worker that ended without a word in the middle of tasks: each is told, and the next starts another', async () => {
  const { ask } = client();
  const waiting = [ask('one'), ask('two')];
  workers[0]?.say({ lock: 'of the first' });
  release.get('of the first')?.();
  for (const each of waiting) await expect(each).rejects.toThrow(LOST);
  const next = ask<string>('three');
  expect(workers).toHaveLength(2);
  workers[1]?.say({ id: 3, result: 'done' });
  expect(await next).toBe('done');
});

it('one that ended while nobody waited: the next task goes to another', async () => {
  const tasks = client();
  const first = tasks.ask<string>('one');
  workers[0]?.say({ lock: 'of the first' });
  workers[0]?.say({ id: 1, result: 'done' });
  expect(await first).toBe('done');
  expect(tasks.running).toBe(true);
  release.get('of the first')?.();
  expect(tasks.running).toBe(false);
  void tasks.ask('two');
  expect(workers[1]?.tasks).toEqual([{ id: 2, task: 'two' }]);
});

it('the end of one that an error ended before takes nothing from the next', async () => {
  const { ask } = client();
  const first = ask('one');
  workers[0]?.say({ lock: 'of the first' });
  workers[0]?.dispatchEvent(new Event('error'));
  await expect(first).rejects.toThrow(LOST);
  expect(workers[0]?.isTerminated).toBe(true);
  const next = ask<string>('two');
  release.get('of the first')?.();
  workers[1]?.say({ id: 2, result: 'done' });
  expect(await next).toBe('done');
});
