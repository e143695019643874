import { expect, it } from 'vitest';
import { memorySurface } from '../../../test/support/memorySurface';
import { HEIGHT, same, stripedPicture, WIDTH } from '../../../test/support/openedEditor';
import { growMask } from '../../image/edges';
import { createMask, createPixels } from '../../image/raster';
import { createEditor } from '../store';
import { directWork } from '../workers/maskOperations';

/** A picture with a dab, and work on edges that waits for `finish`. */
function openedWithSlowEdges() {
  let finish = () => {};
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const editor = createEditor({
    ...directWork,
    edge: async (edge, mask, radius) => {
      await gate;
      return directWork.edge(edge, mask, radius);
    },
  });
  editor.open(memorySurface(stripedPicture()), 'a.png');
  editor.stroke({ x: 50, y: 50 });
  editor.endStroke();
  const data = () => editor.document?.mask.data ?? new Uint8Array();
  return { editor, data, before: data().slice(), finish };
}

it('what is asked for while the mask rests is done in its turn', async () => {
  const { editor, data, before, finish } = openedWithSlowEdges();
  editor.setOptions({ edgeRadius: 5 });
  const mask = { width: WIDTH, height: HEIGHT, data: before };
  const grown = growMask(growMask(mask, 5), 5);
  editor.edge('grow');
  editor.edge('grow');
  editor.invert();
  editor.fill();
  editor.undo();
  expect(same(data(), before)).toBe(true);
  finish();
  await editor.settled();
  const inverted = grown.data.map((value) => 255 - value);
  expect(same(data(), inverted)).toBe(true);
  editor.undo();
  expect(same(data(), grown.data)).toBe(true);
});

it('while something is computed the mask rests; another picture makes it void', async () => {
  const { editor, data, before, finish } = openedWithSlowEdges();
  const growing = editor.edge('grow');
  expect(editor.store.getState().working).not.toBeNull();
  editor.gesture.press({ x: 10, y: 100 });
  editor.gesture.release({ x: 10, y: 100 });
  editor.invert();
  editor.undo();
  expect(same(editor.document?.mask.data ?? new Uint8Array(), before)).toBe(true);
  editor.open(memorySurface(stripedPicture()), 'b.png');
  expect(editor.store.getState().working).toBeNull();
  // Nothing of the other picture's holds this one up.
  editor.fill();
  expect(editor.document?.mask.data.every((value) => value === 255)).toBe(true);
  editor.undo();
  finish();
  await growing;
  await editor.settled();
  expect(editor.store.getState()).toMatchObject({ picture: { name: 'b.png' }, maskBounds: { width: 0 } });
  // Undo returns to the other picture and its mask, as the work that broke off had left it.
  editor.undo();
  expect(editor.store.getState().picture?.name).toBe('a.png');
  expect(same(data(), before)).toBe(true);
});

it('what is long is done in slices: the mask rests, what is asked meanwhile follows, another picture changes nothing', async () => {
  const editor = createEditor();
  // 32 × 32 tiles, each with a hole: twice what is done at once.
  const side = 2048;
  const holes = createMask({ width: side, height: side });
  for (let i = 0; i < holes.data.length; i++) holes.data[i] = (i & 63) === 5 ? 0 : 255;
  const before = holes.data.slice();
  const surface = () => memorySurface(createPixels({ width: side, height: side }));
  const working = () => editor.store.getState().working;
  const shown = () => editor.document?.mask.data ?? new Uint8Array();
  editor.open(surface(), 'a.png', { mask: holes });
  editor.clear();
  expect(working()).toBe('Clearing');
  editor.gesture.press({ x: 9, y: 9 });
  expect(editor.gesture.isPressed).toBe(false);
  editor.undo();
  editor.redo();
  editor.undo();
  await editor.settled();
  expect(working()).toBeNull();
  expect(same(shown(), before)).toBe(true);
  expect(editor.store.getState()).toMatchObject({ canUndo: false, canRedo: true });
  editor.redo();
  await editor.settled();
  expect(editor.store.getState().maskBounds.width).toBe(0);
  expect(shown().every((value) => value === 0)).toBe(true);
  editor.undo();
  expect(working()).toBe('Undoing');
  editor.open(surface(), 'b.png');
  await new Promise((resolve) => setTimeout(resolve));
  await editor.settled();
  expect(editor.store.getState()).toMatchObject({ working: null, canUndo: false, canRedo: false });
  expect(shown().every((value) => value === 0)).toBe(true);
});

it('no press of undo or redo is lost where one that takes time leads to another picture', async () => {
  const editor = createEditor();
  const state = editor.store.getState;
  const steps: string[] = [];
  /** A step whose exchange first needs something from the disk, as of a version's pixels. */
  const slow = (name: string) =>
    editor.note({
      ready: () => new Promise((resolve) => setTimeout(resolve, 2)),
      exchange: () => void steps.push(name),
    });
  editor.open(memorySurface(stripedPicture()), 'a.png');
  slow('a');
  editor.open(memorySurface(stripedPicture()), 'b.png');
  slow('b');
  editor.open(memorySurface(stripedPicture()), 'c.png');
  const there = async (presses: () => void) => {
    for (let i = 0; i < 4; i++) presses();
    await editor.settled();
    return steps.splice(0);
  };
  // c → b, b's step, b → a, a's step: pressed faster than they happen; and back.
  expect(await there(editor.undo)).toEqual(['b', 'a']);
  expect(state()).toMatchObject({ picture: { name: 'a.png' }, canUndo: false, canRedo: true });
  expect(await there(editor.redo)).toEqual(['a', 'b']);
  expect(state()).toMatchObject({ picture: { name: 'c.png' }, canUndo: true, canRedo: false });
});

it('waiting presses of undo are not meant for a picture that is opened meanwhile', async () => {
  const editor = createEditor();
  editor.open(memorySurface(stripedPicture()), 'a.png');
  for (let i = 0; i < 2; i++)
    editor.note({ ready: () => new Promise((resolve) => setTimeout(resolve, 2)), exchange() {} });
  editor.undo();
  editor.undo();
  editor.open(memorySurface(stripedPicture()), 'b.png');
  await editor.settled();
  expect(editor.store.getState().picture?.name).toBe('b.png');
});
