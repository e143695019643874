/** Variations, frames, mask content, extended canvases, and the way back through all of them. */
import { beforeEach, expect, it, vi } from 'vitest';
import { eventually } from '../../../test/support/eventually';
import {
  answer,
  fakeEngine,
  HEIGHT,
  imaging,
  masks,
  opened,
  paint,
  photograph,
  sent,
  travel,
  WIDTH,
} from '../../../test/support/session';
import { createEditor } from '../../editor/store';
import { runSeconds, shownVersion, variationsOf } from '../pictures/versions';
import { createSession } from './session';

/** Vitest's own comparison of large arrays takes seconds. */
function sameBytes(a: ArrayLike<number> | undefined, b: ArrayLike<number>): boolean {
  return a !== undefined && Buffer.from(Array.from(a)).equals(Buffer.from(Array.from(b)));
}

beforeEach(() => {
  masks.length = 0;
  sent.length = 0;
});

it('paints variations at seeds that follow one another, of one mask, to choose from', async () => {
  const own: { session?: Awaited<ReturnType<typeof opened>> } = {};
  const { engine, asked } = fakeEngine(async () => {
    // The user keeps painting while it runs: all variations use the mask of the first one.
    own.session?.editor.invert();
  });
  const session = await opened(engine);
  own.session = session;
  paint(session);
  session.change({ variations: '3', seed: '40' });
  await session.generate();
  expect(asked.map(({ request }) => request.seed)).toEqual([40, 41, 42]);
  expect(new Set(asked.map(({ request }) => request.mask_url)).size).toBe(1);
  const { items, shownId } = session.versions.getState();
  expect(items.slice(1).map(({ seed, batch, parentId }) => [seed, batch, parentId])).toEqual([
    [40, 1, 0],
    [41, 1, 0],
    [42, 1, 0],
  ]);
  expect(shownId).toBe(1);
  const siblings = items.slice(1).map((item) => variationsOf(session.versions.getState(), item).length);
  expect(siblings).toEqual([3, 3, 3]);
  expect(session.run.getState()).toMatchObject({ lastSeed: 40, variation: null });

  // A seed left to chance: the engine draws the first (77 here), the others follow it.
  session.change({ variations: '2', seed: '' });
  await session.generate();
  expect(asked.slice(3).map(({ request }) => request.seed)).toEqual([undefined, 78]);
  session.change({ variations: '5' });
  await session.generate();
  expect(session.run.getState().fieldErrors.variations).toContain('1 to 4');
});

it('the time of a press is that of all its variations', async () => {
  let clock = 0;
  const { engine } = fakeEngine(async () => {
    clock += 15_000;
  });
  const session = createSession({ editor: createEditor(), engine, imaging, now: () => clock });
  await session.openFile(new Blob(['x'], { type: 'image/png' }), 'photo.png');
  paint(session);
  session.change({ variations: '3' });
  await session.generate();
  const { items } = session.versions.getState();
  expect(items.map((item) => runSeconds({ items }, item))).toEqual([null, 45, 45, 45]);
  expect(items.map(({ seconds }) => seconds)).toEqual([null, 15, 15, 15]);
});

it('keeps the variations that came before a cancel, and shows the first', async () => {
  let runs = 0;
  const { engine } = fakeEngine(async ({ signal }) => {
    runs += 1;
    if (runs < 3) return;
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  const session = await opened(engine);
  paint(session);
  session.change({ variations: '4', seed: '7' });
  const running = session.generate();
  await eventually(() => expect(runs).toBe(3));
  expect(session.run.getState().variation).toEqual({ number: 3, count: 4 });
  // Nothing covers the image being generated.
  expect(shownVersion(session.versions.getState())).toBeUndefined();
  session.cancel();
  await running;
  expect(session.versions.getState().items.map(({ seed }) => seed)).toEqual([null, 7, 8]);
  expect(session.versions.getState().shownId).toBe(1);
});

it('begins from what the mask’s content says at a strength below 1, and from the picture at 1', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  paint(session);
  session.change({ mask_content: 'noise' });
  await session.generate();
  session.change({ strength: '0.5' });
  await session.generate();
  expect(asked.map(({ options }) => options.strength)).toEqual([1, 0.5]);
  const [whole, noisy] = sent;
  const { data: white } = masks[1] ?? { data: new Uint8Array() };
  let [changedInside, changedOutside] = [0, 0];
  white.forEach((value, i) => {
    if (whole?.data[i * 4] === noisy?.data[i * 4]) return;
    if (value === 255) changedInside += 1;
    else changedOutside += 1;
  });
  expect(changedOutside).toBe(0);
  expect(changedInside).toBeGreaterThan(white.filter((value) => value === 255).length * 0.9);
  session.change({ strength: '0' });
  await session.generate();
  expect(session.run.getState().fieldErrors.strength).toContain('above 0');
});

it('matches the answer’s colours to the picture’s at the border, unless that is switched off', async () => {
  const session = await opened(fakeEngine().engine);
  paint(session);
  // What the starter draws stands on the image's own ground: there is nothing to match.
  session.change({ model_name: 'owner/model' });
  answer.grey = 120;
  try {
    await session.generate();
    session.change({ colour_match: false });
    await session.generate();
  } finally {
    answer.grey = 250;
  }
  const [, matched, plain] = session.versions.getState().items;
  const middle = async (file: Blob | undefined) =>
    new Uint8Array((await file?.arrayBuffer()) ?? [])[(200 * WIDTH + 320) * 4] ?? 0;
  expect(await middle(plain?.file)).toBe(120);
  // The photograph's bytes are spread evenly over 0 … 199: its mean is 99.5, and so the answer is 20.5 too bright.
  expect(Math.abs((await middle(matched?.file)) - 99.5)).toBeLessThan(6);
});

it('sends the frame that a person has chosen; beside the mask it says so', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  paint(session);
  session.change({ model_name: 'owner/model' });
  session.editor.moveFrame({ x: 200, y: 100, width: 200, height: 150 });
  await session.generate();
  // The model's 512 for the longer side; 150 · 512 / 200 = 384.
  expect(asked[0]?.options).toMatchObject({ width: 512, height: 384 });
  expect(sent[0]).toMatchObject({ width: 200, height: 150 });
  session.editor.moveFrame({ x: 0, y: 0, width: 100, height: 100 });
  await session.generate();
  expect(session.run.getState().stageError).toContain('inside the frame');
  session.editor.moveFrame(null);
  // The stroke is 100 wide: 100 + 2 · 200 = 500 is less than the model's 512; the image is 400 high.
  session.change({ crop_padding: '200', feather: '0' });
  await session.generate();
  expect(sent[1]).toMatchObject({ width: 512, height: 400 });
  session.change({ crop_padding: '-1', feather: '0.5' });
  await session.generate();
  expect(Object.keys(session.run.getState().fieldErrors)).toEqual(['crop_padding', 'feather']);
  expect(asked).toHaveLength(2);
});

it('undo and redo of the mask cross runs and versions, byte for byte', async () => {
  const { engine } = fakeEngine();
  const session = await opened(engine);
  const { editor } = session;
  const now = () => new Uint8Array(editor.document?.mask.data ?? []);
  const states = [now()];
  paint(session);
  states.push(now());
  await session.generate();
  await session.continueFrom(1);
  editor.invert();
  states.push(now());
  await session.generate();
  const [empty, painted, inverted] = states;
  // The second run; the inversion; continuing from the first run; that run; the stroke.
  const way = [inverted, painted, painted, painted, empty];
  for (const state of way) {
    await travel(editor, 'undo');
    expect(sameBytes(now(), state ?? [])).toBe(true);
  }
  expect(editor.store.getState().canUndo).toBe(false);
  for (const state of [...way.toReversed().slice(1), inverted]) {
    await travel(editor, 'redo');
    expect(sameBytes(now(), state ?? [])).toBe(true);
  }
});

it('draws the canvas out: a version of its own, the new area masked, undone and done again', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  const { editor } = session;
  paint(session);
  const maskBefore = new Uint8Array(editor.document?.mask.data ?? []);
  await session.extend({ top: 0, right: 100, bottom: 0, left: 40 });
  const extended = editor.document;
  const width = WIDTH + 140;
  expect(editor.store.getState().picture).toMatchObject({ width, height: HEIGHT });
  const { items, baseId } = session.versions.getState();
  expect(baseId).toBe(1);
  expect(items[1]).toMatchObject({ width, batch: null, origin: { x: -40, y: 0 } });
  // The old image is in its place, byte for byte; the new area is opaque.
  const inner = extended?.picture.read({ x: 40, y: 0, width: WIDTH, height: HEIGHT });
  expect(sameBytes(inner?.data, photograph().data)).toBe(true);
  expect(extended?.picture.read({ x: 0, y: 0, width: 1, height: 1 }).data[3]).toBe(255);
  // White to the left with 16 pixels of overlap, the stroke in its place, white to the right.
  const at = (x: number, y: number) => extended?.mask.data[y * width + x];
  expect([at(0, 0), at(55, 9), at(56, 9), at(340, 200), at(623, 0), at(624, 0)]).toEqual([
    ...[255, 255, 0, 255, 0, 255],
  ]);

  editor.clear();
  editor.undo();
  expect(editor.document).toBe(extended);
  editor.undo();
  expect(editor.store.getState().picture).toMatchObject({ width: WIDTH, height: HEIGHT });
  expect(sameBytes(editor.document?.mask.data, maskBefore)).toBe(true);
  expect(session.versions.getState().baseId).toBe(0);
  editor.undo();
  expect(editor.store.getState()).toMatchObject({ canUndo: false, canRedo: true });
  editor.redo();
  editor.redo();
  expect(editor.document).toBe(extended);
  expect(session.versions.getState().baseId).toBe(1);
  editor.redo();
  expect(editor.store.getState()).toMatchObject({ canRedo: false, maskBounds: { width: 0 } });

  // Another step on the old size: redo no longer leads to the larger one.
  editor.undo();
  editor.undo();
  editor.invert();
  expect(editor.store.getState().canRedo).toBe(false);
  await session.generate();
  expect(asked).toHaveLength(1);
  expect(session.versions.getState().items.at(-1)).toMatchObject({ width: WIDTH, parentId: 0 });
});

it('a canvas that was drawn out before anything was painted is gone on to again', async () => {
  const session = await opened(fakeEngine().engine);
  await session.extend({ top: 10, right: 0, bottom: 0, left: 0 });
  session.editor.undo();
  expect(session.editor.store.getState()).toMatchObject({ picture: { height: HEIGHT }, canRedo: true });
  session.editor.redo();
  expect(session.editor.store.getState()).toMatchObject({ picture: { height: HEIGHT + 10 }, canRedo: false });
});

it('another picture over a painted one: undo returns to it with its mask and versions, redo goes on', async () => {
  let release = () => {};
  const { engine } = fakeEngine(async ({ signal }) => {
    if (!gated) return;
    await new Promise<void>((resolve) => {
      release = resolve;
      signal.addEventListener('abort', () => resolve());
    });
  });
  let gated = false;
  const session = await opened(engine);
  const { editor } = session;
  const shown = () => session.versions.getState();
  paint(session);
  await session.generate();
  await session.continueFrom(1);
  const mask = new Uint8Array(editor.document?.mask.data ?? []);
  const before = shown().items;
  await session.openFile(new Blob(['y'], { type: 'image/png' }), 'other.png');
  expect(shown()).toMatchObject({ items: [{ id: 0 }], baseId: 0 });
  expect(editor.store.getState().maskBounds.width).toBe(0);
  paint(session);
  gated = true;
  const running = session.generate();
  await eventually(() => expect(session.run.getState().progress).not.toBeNull());
  editor.undo();
  editor.undo();
  // The run was for the other image: it ends, and adds nothing to this one.
  release();
  await running;
  expect(session.run.getState()).toMatchObject({ running: false, runError: null });
  expect(editor.store.getState().picture?.name).toBe('photo.png');
  expect(sameBytes(new Uint8Array(editor.document?.mask.data ?? []), mask)).toBe(true);
  expect(shown()).toMatchObject({ items: before, baseId: 1, shownId: null });
  gated = false;
  await session.generate();
  expect(shown().items.map(({ id, parentId }) => [id, parentId])).toEqual([
    [0, null],
    [1, 0],
    [2, 1],
  ]);
  editor.redo();
  expect(editor.store.getState().picture?.name).toBe('other.png');
  expect(shown()).toMatchObject({ items: [{ id: 0 }], baseId: 0, shownId: null });
  // Its stroke was undone: the next image replaces it, and its versions release their URLs.
  const [dropped] = shown().items;
  const revoked = vi.spyOn(URL, 'revokeObjectURL');
  await session.openFile(new Blob(['z'], { type: 'image/png' }), 'third.png');
  expect(revoked.mock.calls.flat()).toEqual([dropped?.url, dropped?.thumbnailUrl]);
  revoked.mockRestore();
});
