import { expect, it, vi } from 'vitest';
import type { CheckpointFiles, ReadOptions } from './files';
import { readAhead } from './readAhead';

const bytes = (text: string) => new TextEncoder().encode(text);

/** Each read waits to be answered. */
function setUp(paths: string[]) {
  const answers = new Map<string, { resolve(text: string): void; reject(error: Error): void }>();
  const read = vi.fn<CheckpointFiles['read']>(
    (path) =>
      new Promise((resolve, reject) => {
        answers.set(path, { resolve: (text) => resolve(bytes(text)), reject });
      }),
  );
  const ahead = new AbortController();
  const files = readAhead({ name: 'm', read }, paths, ahead.signal);
  const answer = (path: string, text: string) => answers.get(path)?.resolve(text);
  const fail = (path: string) => answers.get(path)?.reject(new Error('it broke off'));
  return { files, read, answer, fail, options: (): ReadOptions | undefined => read.mock.calls[0]?.[1] };
}

it('reads everything at once, each file one time, and tells who waits how far it is', async () => {
  const { files, read, answer, options } = setUp(['a', 'b']);
  expect(read.mock.calls.map(([path]) => path)).toEqual(['a', 'b']);
  const told: number[] = [];
  const reading = files.read('a', { onProgress: (loaded) => told.push(loaded) });
  options()?.onProgress?.(1, 2);
  answer('a', 'A');
  expect(await reading).toEqual(bytes('A'));
  expect(told).toEqual([1]);
  expect(read).toHaveBeenCalledTimes(2);
});

it('holds nothing back: a file that is asked for again is read again, and others as ever', async () => {
  const { files, read, answer } = setUp(['a']);
  const first = files.read('a');
  answer('a', 'A');
  await first;
  const again = files.read('a');
  answer('a', 'A again');
  expect(await again).toEqual(bytes('A again'));
  void files.read('c');
  expect(read.mock.calls.map(([path]) => path)).toEqual(['a', 'a', 'c']);
});

it('reads a file anew if reading it ahead failed', async () => {
  const { files, read, answer, fail } = setUp(['a']);
  fail('a');
  const reading = files.read('a');
  await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(2));
  answer('a', 'A');
  expect(await reading).toEqual(bytes('A'));
});

it('ends waiting with the signal of who waits', async () => {
  const { files, read } = setUp(['a']);
  const controller = new AbortController();
  const reading = files.read('a', { signal: controller.signal });
  controller.abort();
  await expect(reading).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  expect(read).toHaveBeenCalledTimes(1);
});
