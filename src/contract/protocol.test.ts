import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { logIgnored, readFromLibrary, readFromWorker, readToLibrary, readToWorker } from './protocol';
import { inpaintRequestSchema, localOptionsSchema } from './schema';

const request = inpaintRequestSchema.parse({
  model_name: 'starter',
  prompt: 'a cat',
  image_url: 'data:image/png;base64,AA==',
  mask_url: 'data:image/png;base64,AA==',
});
const inpaint = { type: 'inpaint', id: 1, request, options: localOptionsSchema.parse({}) };
const texts = new Map([['unet/config.json', '{}']]);
const judge = { type: 'judge', id: 1, name: 'a/model', texts };
const hub = { type: 'hub', hub: { url: 'https://hub.example', token: 'x' } };
const error = { name: 'CheckpointError', message: 'no weights', field: 'model_name' };
const picture = { png: new Blob(), width: 8, height: 16, seed: 3, timings: { denoise: 1 } };
const download = { stage: 'download', file: 'a', loadedBytes: 1, totalBytes: 2 };
const preview = { close() {} };
const call = { type: 'call', id: 1, request: { method: 'list' } };
const files = new Map([['model.safetensors', new Blob()]]);

const sound: [read: (data: unknown) => unknown, messages: unknown[]][] = [
  [
    readToWorker,
    [inpaint, judge, hub, { type: 'hub', hub: {} }, { type: 'cancel', id: 1 }, { type: 'release', id: 1 }],
  ],
  [
    readFromWorker,
    [
      { type: 'alive', lock: 'a' },
      { type: 'status', status: { provider: 'wasm', precision: 'fp32', threads: 2, note: 'slow' } },
      { type: 'unavailable', error },
      { type: 'answered', id: 1 },
      { type: 'answered', id: 1, error },
      ...[download, { ...download, stage: 'merge' }, { stage: 'compile', component: 'unet' }].map(progressOf),
      ...[{ stage: 'upload' }, { stage: 'queue', position: 0 }, { stage: 'log', message: '' }].map(
        progressOf,
      ),
      ...[{ stage: 'encode' }, { stage: 'denoise', step: 0, steps: 2, preview }, { stage: 'decode' }].map(
        progressOf,
      ),
      { type: 'result', id: 1, picture },
      { type: 'error', id: 1, error, dead: true },
    ],
  ],
  [
    readToLibrary,
    [
      ...[hub, call, { type: 'cancel', id: 1 }, { type: 'judged', id: 1 }, { type: 'judged', id: 1, error }],
      ...[
        { method: 'describe', name: 'a', precision: 'fp16' },
        { method: 'download', name: 'a', precision: 'fp32' },
        { method: 'offerFiles', title: 'a', files },
        { method: 'readEmbedding', source: 'a' },
        { method: 'readEmbedding', source: new Blob() },
        { method: 'room' },
        { method: 'remove', folder: 'a' },
      ].map((asked) => ({ ...call, request: asked })),
    ],
  ],
  [
    readFromLibrary,
    [
      ...[{ type: 'alive', lock: 'a' }, judge, progressOf({ stage: 'wait' }), progressOf(download)],
      ...[null, [], 7, 'name'].map((value) => ({ type: 'result', id: 1, value })),
      { type: 'error', id: 1, error },
    ],
  ],
];

function progressOf(progress: unknown) {
  return { type: 'progress', id: 1, progress };
}

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

it.each(sound)('%o passes on what the other side means to send', (read, messages) => {
  for (const message of messages) expect(read(message)).toEqual(message);
});

it.each([
  ...[readToWorker, readToLibrary, readFromLibrary, readFromWorker].flatMap((read) =>
    [undefined, null, 7, 'x', [], {}, { type: 'nonsense', id: 1 }, { type: {} }, Object.create(null)].map(
      (data) => [read, data] as const,
    ),
  ),
  [readToWorker, { ...inpaint, id: 1.5 }],
  [readToWorker, { type: 'hub', hub: { token: 7 } }],
  [readToLibrary, { ...call, id: '1' }],
  [readFromWorker, { type: 'status', status: { provider: 'abacus', precision: 'fp32' } }],
  [readFromWorker, progressOf({ stage: 'denoise', step: 'one', steps: 2 })],
  [readFromWorker, progressOf({ stage: 'denoise', step: 1, steps: 2, preview: {} })],
  [readFromWorker, progressOf({ stage: 'constructor' })],
  [readFromLibrary, progressOf({ ...download, totalBytes: 'many' })],
  [readFromLibrary, { type: 'result', id: 1 }],
] as const)('%o ignores %j', (read, data) => {
  expect(read(data)).toBeUndefined();
});

it.each([
  [readToWorker, { ...judge, texts: {} }],
  [readToWorker, { ...judge, name: 7 }],
  [readToLibrary, { ...call, request: { method: 'toString' } }],
  [readToLibrary, { ...call, request: { method: 'describe', name: 'a', precision: 'fp8' } }],
  [readToLibrary, { ...call, request: { method: 'offerFiles', title: 'a', files: new Map([['a', 'b']]) } }],
  [readToLibrary, { type: 'call', id: 1 }],
  [readToWorker, { type: 'inpaint', id: 1, options: inpaint.options }],
] as const)('%o fails the call of %j', (read, data) => {
  expect(read(data)).toMatchObject({ type: 'unreadable', id: 1, error: { name: 'InternalError' } });
});

it('fails the run whose result cannot be read', () => {
  const failed = { type: 'error', id: 1, error: { name: 'InternalError' }, dead: false };
  expect(readFromWorker({ type: 'result', id: 1, picture: { ...picture, png: 'none' } })).toMatchObject(
    failed,
  );
  expect(readFromWorker({ type: 'result', id: 1, picture: { ...picture, width: -1 } })).toMatchObject(failed);
});

it('names the field of a request that is wrong', () => {
  const fieldOf = (message: object) => {
    const read = readToWorker(message);
    return read?.type === 'unreadable' ? read.error.field : read;
  };
  expect(fieldOf({ ...inpaint, request: { ...request, prompt: 7 } })).toBe('prompt');
  expect(fieldOf({ ...inpaint, options: { strength: 'all' } })).toBe('strength');
  expect(fieldOf({ ...inpaint, request: undefined })).toBe('request');
});

it('takes an error message without `dead` for one of a worker that lives on, and reads any error', () => {
  expect(readFromWorker({ type: 'error', id: 1, error: 7, dead: 'yes' })).toMatchObject({
    error: { name: 'InternalError' },
    dead: false,
  });
  expect(readFromWorker({ type: 'unavailable' })).toMatchObject({ error: { name: 'InternalError' } });
});

it('logs the type of what is ignored, never more of it', () => {
  logIgnored('engine', { type: 'x'.repeat(100) });
  logIgnored('engine', 7);
  expect(vi.mocked(console.warn).mock.calls.flat()).toEqual([
    `Inlay: ignored an unreadable message from the engine (${'x'.repeat(40)})`,
    'Inlay: ignored an unreadable message from the engine (number)',
  ]);
});
