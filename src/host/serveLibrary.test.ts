import { expect, it, vi } from 'vitest';
import { eventually } from '../../test/support/eventually';
import type { FetchProgress } from '../contract/modelLibrary';
import type { FromLibrary } from '../contract/protocol';
import { wasmTarget } from '../graph/onnx/targets';
import { type CheckpointFiles, filesOfTexts } from '../model/files';
import type { Library } from '../model/library';
import { memoryLimits, modelNeeds } from '../model/memoryNeeds';
import { encodeSkeleton, skeletonPath } from '../model/onnxExport/files';
import { skeletonsOf } from '../model/onnxExport/skeletons';
import { folderFiles } from '../node/folder';
import { serveLibrary } from './serveLibrary';

const plain: CheckpointFiles = {
  name: 'owner/large',
  read: async (path) => (path === 'unet/config.json' ? new TextEncoder().encode('{"a":1}') : undefined),
};

function setUp(files = plain) {
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
    assistants: () => Promise.resolve([]),
    readEmbedding: () => Promise.reject(new Error('not asked for')),
    describeSelector: () => Promise.reject(new Error('not asked for')),
    downloadSelector: () => Promise.reject(new Error('not asked for')),
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

it('asks about an ONNX export with its graphs, so that it is judged before it is fetched', async () => {
  const folder = folderFiles('goldens/onnx/inpaint');
  const skeletons = skeletonsOf(folder);
  // As known to a download before the first byte of weights.
  const known = new Map<string, string>();
  for (const name of ['text_encoder', 'unet', 'vae_encoder', 'vae_decoder']) {
    known.set(skeletonPath(name), encodeSkeleton((await skeletons(name)) ?? new Uint8Array()));
  }
  for (const path of [
    'model_index.json',
    'unet/config.json',
    'vae_decoder/config.json',
    'text_encoder/config.json',
  ]) {
    const bytes = await folder.read(path);
    if (bytes !== undefined) known.set(path, new TextDecoder().decode(bytes));
  }
  const { posted, receive } = setUp(filesOfTexts('an/export', known));
  receive({ type: 'call', id: 1, request: download });
  await eventually(() => expect(posted).toHaveLength(1));
  const [message] = posted;
  if (message?.type !== 'judge') throw new Error('it was not asked about');
  const target = wasmTarget;
  const limits = memoryLimits({ provider: 'wasm', now: 0 });
  const judged = await modelNeeds(filesOfTexts('an/export', message.texts), target, limits);
  expect(judged?.networks.get('unet')?.weightBytes).toBeGreaterThan(10_000);
  expect(judged).toEqual(await modelNeeds(folder, target, limits));
  receive({ type: 'cancel', id: 1 });
});
