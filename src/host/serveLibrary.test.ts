import { expect, it, vi } from 'vitest';
import { eventually } from '../../test/support/eventually';
import type { FetchProgress } from '../contract/modelLibrary';
import type { FromLibrary } from '../contract/protocol';
import type { CheckpointFiles } from '../model/files';
import type { Library } from '../model/library';
import { serveLibrary } from './serveLibrary';

const files: CheckpointFiles = {
  name: 'owner/large',
  read: async (path) => (path === 'unet/config.json' ? new TextEncoder().encode('{"a":1}') : undefined),
};

function setUp() {
  const posted: FromLibrary[] = [];
  const library: Library = {
    setHub: vi.fn(),
    describe: () => Promise.reject(new Error('not asked for')),
    async download(_name, { signal, onProgress, admit }) {
      await admit?.(files);
      onProgress({ stage: 'wait' } satisfies FetchProgress);
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    },
    offerFiles: async (title) => `disk:${title}`,
    readEmbedding: () => Promise.reject(new Error('not asked for')),
    list: async () => [],
    room: async () => undefined,
    remove: async () => {},
  };
  return { posted, library, receive: serveLibrary(library, (message) => posted.push(message)) };
}

const download = { method: 'download', name: 'owner/large', precision: 'fp16' } as const;

it('answers other requests while a download goes on, and cancels it', async () => {
  const { posted, receive, library } = setUp();
  receive({ type: 'call', id: 1, request: download });
  await eventually(() => expect(posted).toHaveLength(1));
  expect(posted[0]).toEqual({
    type: 'judge',
    id: 1,
    name: 'owner/large',
    texts: new Map([['unet/config.json', '{"a":1}']]),
  });
  receive({ type: 'judged', id: 1 });
  receive({ type: 'call', id: 2, request: { method: 'list' } });
  receive({ type: 'call', id: 3, request: { method: 'room' } });
  await eventually(() => expect(posted).toHaveLength(4));
  expect(posted).toContainEqual({ type: 'progress', id: 1, progress: { stage: 'wait' } });
  expect(posted).toContainEqual({ type: 'result', id: 2, value: [] });
  expect(posted).toContainEqual({ type: 'result', id: 3, value: null });
  receive({ type: 'cancel', id: 1 });
  await eventually(() => expect(posted).toHaveLength(5));
  expect(posted.at(-1)).toEqual({ type: 'error', id: 1, error: { name: 'AbortError', message: '' } });
  receive({ type: 'hub', hub: { token: 't' } });
  expect(library.setHub).toHaveBeenCalledWith({ token: 't' });
});

it('cancels a download that still waits for the engine’s word', async () => {
  const { posted, receive } = setUp();
  receive({ type: 'call', id: 1, request: download });
  await eventually(() => expect(posted).toHaveLength(1));
  receive({ type: 'cancel', id: 1 });
  await eventually(() => expect(posted).toHaveLength(2));
  expect(posted[1]).toEqual({ type: 'error', id: 1, error: { name: 'AbortError', message: '' } });
});

it('fetches nothing of a model that the engine refuses, and keeps the figures', async () => {
  const { posted, receive } = setUp();
  receive({ type: 'call', id: 1, request: download });
  await eventually(() => expect(posted).toHaveLength(1));
  const figures = { component: 'unet', neededBytes: 9, availableBytes: 5, limit: 'memory' } as const;
  const error = { name: 'TooLargeError', message: 'too large', figures } as const;
  receive({ type: 'judged', id: 1, error });
  await eventually(() => expect(posted).toHaveLength(2));
  expect(posted[1]).toEqual({ type: 'error', id: 1, error });
});
