import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { eventually } from '../../../test/support/eventually';
import { fakeEngine, imaging, masks, opened, paint, photograph } from '../../../test/support/session';
import { CheckpointError, DeviceError, InputError } from '../../contract/errors';
import type { ModelSizes } from '../../contract/modelLibrary';
import { createEditor } from '../../editor/store';
import { createSession } from './session';

const revoked: string[] = [];
/** A model of 512 px; the starter draws at the image's own resolution. */
const MODEL = 'owner/model';

beforeEach(() => {
  masks.length = 0;
  revoked.length = 0;
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation((url) => {
    revoked.push(url);
  });
});
afterEach(() => vi.restoreAllMocks());

it('repaints the masked part and nothing else', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  paint(session);
  session.change({ model_name: MODEL, prompt: 'a cow', seed: '5' });
  await session.generate();

  expect(asked).toHaveLength(1);
  expect(asked[0]?.request).toMatchObject({ model_name: MODEL, prompt: 'a cow', seed: 5 });
  expect(asked[0]?.options).toEqual({ width: 512, height: 400, strength: 1 });
  // The model's mask is as large as its image, and only black and white.
  expect(masks[0]).toMatchObject({ width: 512, height: 400 });
  expect(new Set(masks[0]?.data)).toEqual(new Set([0, 255]));

  const { items, shownId, baseId } = session.versions.getState();
  expect(items.map(({ id }) => id)).toEqual([0, 1]);
  expect({ shownId, baseId }).toEqual({ shownId: 1, baseId: 0 });
  const result = new Uint8Array((await items[1]?.file.arrayBuffer()) ?? new ArrayBuffer(0));
  const before = photograph().data;
  const mask = session.editor.document?.mask.data ?? new Uint8Array();
  let changedOutside = 0;
  let keptInside = 0;
  for (let i = 0; i < mask.length; i++) {
    const changed = result[i * 4] !== before[i * 4];
    if (mask[i] === 0 && changed) changedOutside += 1;
    if (mask[i] === 255 && !changed) keptInside += 1;
  }
  expect({ changedOutside, keptInside }).toEqual({ changedOutside: 0, keptInside: 0 });
  expect(revoked).toContain('blob:answer');
  expect(session.run.getState()).toMatchObject({ running: false, lastSeed: 5 });
});

it('asks again on the same picture; continuing from a result makes it the base', async () => {
  const { engine } = fakeEngine();
  const session = await opened(engine);
  paint(session);
  await session.generate();
  await session.generate();
  expect(session.versions.getState().items.map(({ parentId }) => parentId)).toEqual([null, 0, 0]);
  await session.continueFrom(2);
  expect(session.versions.getState()).toMatchObject({ baseId: 2, shownId: null });
  expect(session.editor.store.getState().maskBounds.width).toBe(100);
  await session.generate();
  expect(session.versions.getState().items.at(-1)).toMatchObject({ id: 3, parentId: 2 });
});

it('names what is wrong before it asks the engine, and keeps the mask', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  await session.generate();
  expect(session.run.getState().stageError).toContain('Paint over the area');
  paint(session);
  session.change({ num_inference_steps: '500' });
  await session.generate();
  expect(session.run.getState().fieldErrors.num_inference_steps).toContain('0 to 150');
  session.change({ num_inference_steps: '3' });
  expect(session.run.getState().fieldErrors).toEqual({});
  await session.openFile(new Blob(['hello'], { type: 'text/plain' }), 'notes.txt');
  expect(session.run.getState().stageError).toContain('notes.txt');
  expect(session.editor.store.getState()).toMatchObject({ picture: { name: 'photo.png' }, canUndo: true });
  expect(asked).toHaveLength(0);
});

it('puts the engine’s errors where they belong, and runs again afterwards', async () => {
  const errors = [
    new InputError('guidance_scale', 'guidance_scale: too much'),
    new CheckpointError('unet: tensor "conv_in.weight" is missing'),
    new DeviceError('Out of memory; close other tabs.'),
    new TypeError('x is undefined.'),
  ];
  const { engine } = fakeEngine(async () => {
    const error = errors.shift();
    if (error) throw error;
  });
  const session = await opened(engine);
  paint(session);
  await session.generate();
  expect(session.run.getState().fieldErrors).toEqual({ guidance_scale: 'Too much.' });
  await session.generate();
  expect(session.run.getState().fieldErrors.model_name).toContain('conv_in.weight');
  await session.generate();
  expect(session.run.getState().runError?.message).toBe('Out of memory; close other tabs.');
  await session.generate();
  expect(session.run.getState().runError?.message).toContain('please report');
  await session.generate();
  expect(session.versions.getState().items).toHaveLength(2);
  expect(session.run.getState()).toMatchObject({ running: false, runError: null, fieldErrors: {} });
});

it('cancels quietly and stays usable', async () => {
  let block = true;
  const { engine } = fakeEngine(async ({ signal, onProgress }) => {
    onProgress({ stage: 'denoise', step: 1, steps: 4 });
    if (!block) return;
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  const session = await opened(engine);
  paint(session);
  const running = session.generate();
  await eventually(() => expect(session.run.getState().progress?.title).toBe('Painting · step 1 of 4'));
  session.cancel();
  await running;
  expect(session.run.getState()).toMatchObject({ running: false, progress: null, runError: null });
  expect(session.versions.getState().items).toHaveLength(1);
  block = false;
  await session.generate();
  expect(session.versions.getState().items).toHaveLength(2);
});

it('fetches the model first, shows how far it is, and plans at the size that is known then', async () => {
  const { engine, asked } = fakeEngine();
  const editor = createEditor();
  let sizes: ModelSizes = { nativeSize: 512 };
  let arrived = () => {};
  let given: AbortSignal | undefined;
  const models: Parameters<typeof createSession>[0]['models'] = {
    sizesOf: () => sizes,
    async ensure(_name, { signal, onChange }) {
      given = signal;
      const transfer = {
        loadedBytes: 1e9,
        totalBytes: 4e9,
        bytesPerSecond: 1e8,
        secondsLeft: 30,
        samples: [],
      };
      onChange({ state: 'running', transfer });
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    },
  };
  const session = createSession({ editor, engine, imaging, models });
  await session.openFile(new Blob(['x'], { type: 'image/png' }), 'photo.png');
  paint(session);
  session.change({ model_name: 'owner/model' });
  const run = session.generate();
  await eventually(() => expect(given).toBeDefined());
  expect(session.run.getState().progress).toMatchObject({
    title: 'Downloading the model',
    detail: '1.00 of 4.00 GB · 100 MB/s',
    fraction: 0.25,
    secondsLeft: 30,
  });
  expect(asked).toEqual([]);
  sizes = { nativeSize: 64, fixedSize: { width: 64, height: 128 } };
  arrived();
  await run;
  expect(asked[0]?.options).toMatchObject({ width: 64, height: 128 });
});

it('keeps every preview’s bitmap owned: shown, replaced, closed', async () => {
  const previews = [1, 2].map(() => ({ width: 8, height: 8, close: vi.fn() }));
  const { engine } = fakeEngine(async ({ onProgress }) => {
    previews.forEach((preview, step) => {
      onProgress({ stage: 'denoise', step, steps: 2, preview });
    });
  });
  const session = await opened(engine);
  paint(session);
  await session.generate();
  for (const preview of previews) expect(preview.close).toHaveBeenCalledOnce();
  expect(session.editor.preview).toBeNull();
});

/** A session whose images open once `go` is called. */
async function slowly() {
  let go = () => {};
  const open: typeof imaging.open = async (file, name) => {
    if (name === 'photo.png') return imaging.open(file, name);
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    return imaging.open(file, name);
  };
  const { engine, asked } = fakeEngine();
  const session = createSession({ editor: createEditor(), engine, imaging: { ...imaging, open } });
  await session.openFile(new Blob(['x'], { type: 'image/png' }), 'photo.png');
  paint(session);
  return { session, asked, go: () => go() };
}
const next = () => new Blob(['y'], { type: 'image/png' });

it('takes no strokes and begins no run while another image is being opened', async () => {
  const { session, asked, go } = await slowly();
  const { editor } = session;
  const { maskRevision } = editor.store.getState();
  const opening = session.openFile(next(), 'next.png');
  expect(editor.store.getState().opening).toBe('next.png');
  editor.gesture.press({ x: 10, y: 10 });
  editor.gesture.move({ x: 90, y: 90 });
  editor.gesture.release({ x: 90, y: 90 });
  editor.invert();
  await session.generate();
  expect(editor.store.getState().maskRevision).toBe(maskRevision);
  expect(asked).toEqual([]);
  go();
  expect(await opening).toBe(true);
  expect(editor.store.getState()).toMatchObject({ opening: null, picture: { name: 'next.png' } });
  editor.gesture.press({ x: 10, y: 10 });
  editor.gesture.release({ x: 10, y: 10 });
  expect(editor.store.getState().maskBounds.width).toBeGreaterThan(0);
});

it('a stroke that is being painted then stays on its image; opening can be cancelled', async () => {
  const { session, go } = await slowly();
  const { editor } = session;
  editor.gesture.press({ x: 10, y: 10 });
  editor.gesture.move({ x: 60, y: 10 });
  const opening = session.openFile(next(), 'next.png');
  editor.gesture.move({ x: 600, y: 400 });
  expect(editor.store.getState().maskBounds).toMatchObject({ x: 0, y: 0 });
  expect(session.cancelOpening()).toBe(true);
  go();
  expect(await opening).toBe(false);
  expect(editor.store.getState()).toMatchObject({ opening: null, picture: { name: 'photo.png' } });
  expect(session.cancelOpening()).toBe(false);
  editor.undo();
  expect(editor.store.getState().maskBounds.x).toBeGreaterThan(100);
});

it('an image that cannot be opened leaves the other one ready', async () => {
  const { engine } = fakeEngine();
  const session = await opened(engine);
  expect(await session.openFile(new Blob(['x'], { type: 'text/plain' }), 'notes.txt')).toBe(false);
  expect(session.editor.store.getState().opening).toBeNull();
});
