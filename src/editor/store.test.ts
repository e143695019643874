import { expect, it, vi } from 'vitest';
import { memorySurface } from '../../test/support/memorySurface';
import { selectColour } from '../../test/support/openedEditor';
import { createMask, createPixels } from '../image/raster';
import { createEditor } from './store';

function opened(width = 200, height = 100) {
  const editor = createEditor();
  editor.resizeView({ width: 456, height: 256 });
  editor.open(memorySurface(createPixels({ width, height })), 'a.png');
  return { editor, state: editor.store.getState };
}

it('a stroke is one step of the history', () => {
  const { editor, state } = opened();
  editor.setBrushSize(10);
  editor.stroke({ x: 20, y: 50 });
  editor.stroke({ x: 60, y: 50 });
  editor.stroke({ x: 60, y: 20 });
  expect(state().canUndo).toBe(false);
  editor.endStroke();
  // Radius 5 around the corner points.
  expect(state().maskBounds).toEqual({ x: 15, y: 15, width: 50, height: 40 });
  expect(state().canUndo).toBe(true);
  editor.undo();
  expect(state()).toMatchObject({ canUndo: false, canRedo: true, maskBounds: { width: 0 } });
  editor.redo();
  expect(state().maskBounds).toEqual({ x: 15, y: 15, width: 50, height: 40 });
});

it('erases, inverts and clears, and tells who draws', () => {
  const { editor, state } = opened();
  const areas = vi.fn();
  const stop = editor.onMaskChange(areas);
  editor.invert();
  expect(areas).toHaveBeenLastCalledWith({ x: 0, y: 0, width: 200, height: 100 });
  editor.setBrushSize(400);
  editor.stroke({ x: 0, y: 50 }, { erase: true });
  editor.endStroke();
  expect(state().maskBounds.x).toBeGreaterThan(190);
  editor.clear();
  expect(state().maskBounds.width).toBe(0);
  stop();
  const calls = areas.mock.calls.length;
  editor.undo();
  editor.undo();
  expect(state().maskBounds.width).toBe(200);
  expect(areas.mock.calls.length).toBe(calls);
});

it('the wand picks from what is seen: what lies over the canvas is put there first', async () => {
  const { editor, state } = opened();
  const seen = createPixels({ width: 200, height: 100 });
  // Of the black and transparent picture the wand would take all; of this one the left half.
  for (let i = 0; i < seen.data.length; i += 4) seen.data.fill(i % 800 < 400 ? 255 : 0, i, i + 4);
  editor.setBeforePick(async () => editor.setPicture(memorySurface(seen)));
  await selectColour(editor, { x: 20, y: 50 }, 'add');
  expect(state().maskBounds).toEqual({ x: 0, y: 0, width: 100, height: 100 });
  editor.setBeforePick(null);
  editor.setPicture(memorySurface(createPixels(seen)));
  await selectColour(editor, { x: 20, y: 50 }, 'add');
  expect(state().maskBounds).toEqual({ x: 0, y: 0, width: 200, height: 100 });
});

it('an abandoned stroke is gone', () => {
  const { editor, state } = opened();
  editor.stroke({ x: 20, y: 50 });
  editor.abandonStroke();
  expect(state()).toMatchObject({ canUndo: false, maskBounds: { width: 0 } });
});

it('follows the pane until a person zooms, then keeps the middle', () => {
  const { editor, state } = opened();
  // 200 × 100 in 456 × 256 less 456 / 40 on each side: (456 − 22.8) / 200 = 2.166.
  expect(state().view.scale).toBeCloseTo(2.166, 6);
  editor.resizeView({ width: 256, height: 256 });
  expect(state().view.scale).toBeCloseTo((256 - 12.8) / 200, 6);
  editor.zoomTo(2, { x: 128, y: 128 });
  const { view } = state();
  editor.resizeView({ width: 276, height: 256 });
  expect(state().view).toEqual({ ...view, x: view.x + 10 });
  editor.fit();
  expect(state().fitted).toBe(true);
});

it('another picture starts a history of its own; a version keeps mask and history', () => {
  const { editor, state } = opened();
  editor.stroke({ x: 20, y: 50 });
  editor.endStroke();
  editor.setPicture(memorySurface(createPixels({ width: 200, height: 100 })));
  expect(state().canUndo).toBe(true);
  expect(() => editor.setPicture(memorySurface(createPixels({ width: 20, height: 10 })))).toThrow('size');
  const mask = createMask({ width: 50, height: 50 });
  mask.data[0] = 255;
  editor.open(memorySurface(createPixels(mask)), 'b.png', { mask });
  expect(state()).toMatchObject({ canUndo: true, maskBounds: { x: 0, y: 0, width: 1, height: 1 } });
  // Undo returns to what was painted, redo to the other picture.
  editor.undo();
  expect(state()).toMatchObject({ picture: { width: 200 }, canUndo: true, canRedo: true });
  expect(state().maskBounds.width).toBeGreaterThan(0);
  editor.redo();
  expect(state()).toMatchObject({ picture: { name: 'b.png', width: 50 }, canUndo: true, canRedo: false });
  // One that nobody has painted on is not returned to, and does not stand in the way.
  editor.open(memorySurface(createPixels(mask)), 'c.png');
  editor.open(memorySurface(createPixels(mask)), 'd.png');
  editor.undo();
  expect(state()).toMatchObject({ picture: { name: 'a.png' }, canUndo: true });
});

it('closes pictures that nothing leads back to', () => {
  const { editor } = opened();
  const picture = (width: number) => ({
    ...memorySurface(createPixels({ width, height: 40 })),
    close: vi.fn(),
  });
  const [first, second, wider, next] = [picture(50), picture(50), picture(60), picture(70)];
  editor.open(first, 'a.png');
  editor.setPicture(second);
  expect(first.close).toHaveBeenCalledOnce();
  editor.resize(wider, createMask(wider));
  editor.undo();
  // Redo leads to the wider one until another step is made here.
  expect(wider.close).not.toHaveBeenCalled();
  editor.invert();
  expect(wider.close).toHaveBeenCalledOnce();
  const others = [61, 62, 63, 64, 65].map(picture);
  for (const other of others) editor.resize(other, createMask(other));
  // Four sizes are kept beside the present one: the first of the six is out of undo's reach.
  expect(second.close).toHaveBeenCalledOnce();
  expect(others.map(({ close }) => close.mock.calls.length)).toEqual([0, 0, 0, 0, 0]);
  editor.undo();
  editor.open(next, 'b.png');
  expect(others.map(({ close }) => close.mock.calls.length)).toEqual([0, 0, 0, 0, 1]);
  expect(next.close).not.toHaveBeenCalled();
});

it('closes previews that were replaced', () => {
  const { editor } = opened();
  const bitmap = () => ({ close: vi.fn(), width: 8, height: 8 });
  const [first, second] = [bitmap(), bitmap()];
  const frame = { x: 0, y: 0, width: 8, height: 8 };
  editor.showPreview({ bitmap: first, frame });
  editor.showPreview({ bitmap: second, frame });
  expect(first.close).toHaveBeenCalledOnce();
  expect(second.close).not.toHaveBeenCalled();
  editor.showPreview(null);
  expect(second.close).toHaveBeenCalledOnce();
});
