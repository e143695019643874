import { afterEach, expect, it, vi } from 'vitest';
import { NetworkError } from '../contract/errors';
import { httpFiles } from './files';

afterEach(() => {
  vi.unstubAllGlobals();
});

const answers: Record<string, ResponseInit> = {
  'missing.json': { status: 404 },
  'gated.json': { status: 403 },
  'broken.json': { status: 500 },
  // What some static hosts answer for every path.
  'start.json': { status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' } },
};

it.each([
  ['missing.json', undefined],
  ['start.json', undefined],
  ['gated.json', NetworkError],
  ['broken.json', NetworkError],
])('reads nothing of %s, and lets go of its connection', async (path, error) => {
  const cancel = vi.fn();
  const body = new ReadableStream({ cancel });
  vi.stubGlobal('fetch', async () => new Response(body, answers[path]));
  const read = httpFiles('owner/model', 'https://models.example/').read(path);
  if (error === undefined) expect(await read).toBeUndefined();
  else await expect(read).rejects.toThrow(error);
  expect(cancel).toHaveBeenCalledOnce();
});
