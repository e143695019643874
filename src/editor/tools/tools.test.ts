import { expect, it } from 'vitest';
import { memorySurface } from '../../../test/support/memorySurface';
import { featherMask, growMask, shrinkMask } from '../../image/edges';
import type { Point } from '../../image/geometry';
import { maskBounds } from '../../image/mask/mask';
import { createMask, createPixels, type Mask } from '../../image/raster';
import { fillShape } from '../kernels/shape';
import { paintSegment } from '../kernels/stroke';
import { createEditor, type Tool } from '../store';
import { directWork } from '../workers/maskOperations';

const WIDTH = 200;
const HEIGHT = 120;

/** Left half dark, right half light, a transparent stripe at the right border. */
function picture() {
  const pixels = createPixels({ width: WIDTH, height: HEIGHT });
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    const x = i % WIDTH;
    const grey = x < 100 ? 40 : 200;
    pixels.data.set(x < 190 ? [grey, grey, grey, 255] : [0, 0, 0, 0], i * 4);
  }
  return pixels;
}

function opened() {
  const editor = createEditor();
  editor.resizeView({ width: 456, height: 256 });
  editor.open(memorySurface(picture()), 'a.png');
  editor.zoomTo(1);
  const data = () => editor.document?.mask.data ?? new Uint8Array();
  return { editor, gesture: editor.gesture, state: editor.store.getState, data };
}

/** A mask as the kernels paint it. */
function predicted(paint: (mask: Mask) => void): Uint8Array {
  const mask = createMask({ width: WIDTH, height: HEIGHT });
  paint(mask);
  return mask.data;
}
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const count = (data: Uint8Array) => data.reduce((sum, value) => sum + Number(value > 0), 0);

function drag({ gesture }: ReturnType<typeof opened>, points: Point[], input = {}) {
  const [first, ...rest] = points;
  const last = points.at(-1);
  if (!first || !last) return;
  gesture.press(first, input);
  for (const point of rest) gesture.move(point, input);
  gesture.release(last, input);
}

it('shapes: rectangle, ellipse, lasso, square with Ctrl; Alt subtracts, Shift adds, replace replaces', () => {
  const page = opened();
  const { editor, data, state } = page;
  const [a, b] = [
    { x: 20, y: 10 },
    { x: 80, y: 60 },
  ];
  editor.setTool('rectangle');
  drag(page, [a, { x: 33, y: 44 }, b]);
  const rectangle = predicted((mask) => fillShape(mask, { kind: 'rectangle', from: a, to: b }, 255));
  expect(same(data(), rectangle)).toBe(true);
  expect(state()).toMatchObject({ draft: null, maskBounds: { x: 20, y: 10, width: 60, height: 50 } });

  editor.setTool('ellipse');
  drag(page, [a, b], { alt: true });
  const hollow = predicted((mask) => {
    fillShape(mask, { kind: 'rectangle', from: a, to: b }, 255);
    fillShape(mask, { kind: 'ellipse', from: a, to: b }, 0);
  });
  expect(same(data(), hollow)).toBe(true);

  editor.setOptions({ mode: 'replace' });
  editor.setTool('rectangle');
  drag(page, [a, { x: 40, y: 11 }], { control: true });
  expect(state().maskBounds).toEqual({ x: 20, y: 10, width: 20, height: 20 });
  drag(
    page,
    [
      { x: 100, y: 100 },
      { x: 110, y: 110 },
    ],
    { shift: true },
  );
  expect(state().maskBounds).toEqual({ x: 20, y: 10, width: 90, height: 100 });

  editor.setTool('lasso');
  const points = [a, { x: 60, y: 12 }, { x: 50, y: 70 }];
  drag(page, points);
  const lasso = predicted((mask) => fillShape(mask, { kind: 'outline', points }, 255));
  expect(same(data(), lasso)).toBe(true);
  for (let i = 0; i < 5; i++) editor.undo();
  expect(state().canUndo).toBe(false);
  expect(count(data())).toBe(0);
});

it('polygon: corner by corner, closed on the first; a pinch between corners keeps it, undo of none', () => {
  const page = opened();
  const { editor, gesture, data, state } = page;
  editor.setTool('polygon');
  const corners = [
    { x: 30, y: 30 },
    { x: 120, y: 40 },
    { x: 70, y: 100 },
  ];
  for (const corner of corners) drag(page, [corner]);
  gesture.press({ x: 0, y: 0 });
  gesture.cancel();
  expect(state().draft?.points).toEqual(corners);
  expect(count(data())).toBe(0);
  // 10 view pixels at scale 1: near enough to the first corner.
  drag(page, [{ x: 33, y: 35 }]);
  const triangle = predicted((mask) => fillShape(mask, { kind: 'outline', points: corners }, 255));
  expect(same(data(), triangle)).toBe(true);
  expect(state()).toMatchObject({ draft: null, canUndo: true });
});

it('a gesture that was cancelled, or too short for a shape, leaves no trace', () => {
  const page = opened();
  const { editor, gesture, state } = page;
  for (const tool of ['brush', 'lasso', 'rectangle', 'ellipse', 'polygon'] as const) {
    editor.setTool(tool);
    gesture.press({ x: 50, y: 50 });
    gesture.move({ x: 90, y: 80 });
    gesture.cancel();
    expect(state()).toMatchObject({ draft: null, canUndo: false, maskBounds: { width: 0 } });
  }
  for (const tool of ['lasso', 'rectangle', 'ellipse'] as const) {
    editor.setTool(tool);
    drag(page, [{ x: 50, y: 50 }]);
    expect(state()).toMatchObject({ draft: null, canUndo: false });
  }
});

it('brush: pressure sets the radius where it is on, Shift draws straight on, Alt erases', () => {
  const page = opened();
  const { editor, data, state } = page;
  editor.setOptions({ brushSize: 20, hardness: 1 });
  const [a, b] = [
    { x: 40, y: 40 },
    { x: 100, y: 60 },
  ];
  drag(page, [a], { pressure: 0.5 });
  // 10 × (0.1 + 0.9 × 0.5) = 5.5
  expect(state().maskBounds).toEqual(
    maskBounds({ width: WIDTH, height: HEIGHT, data: Uint8Array.from(data()) }),
  );
  expect(
    same(
      data(),
      predicted((mask) => paintSegment(mask, { from: a, to: a, radius: 5.5 }, 255)),
    ),
  ).toBe(true);
  editor.undo();
  editor.setOptions({ penPressure: false });
  drag(page, [a], { pressure: 0.5 });
  drag(page, [b], { shift: true });
  const line = predicted((mask) => paintSegment(mask, { from: a, to: b, radius: 10 }, 255));
  expect(same(data(), line)).toBe(true);
  drag(page, [a, b], { alt: true });
  expect(count(data())).toBe(0);
});

it('wand: what is connected or like it anywhere, never outside the picture', async () => {
  const page = opened();
  const { editor, state, data } = page;
  editor.setTool('wand');
  editor.setOptions({ tolerance: 10 });
  drag(page, [{ x: 10, y: 10 }]);
  await editor.settled();
  expect(state().maskBounds).toEqual({ x: 0, y: 0, width: 100, height: HEIGHT });
  drag(page, [{ x: 150, y: 10 }]);
  await editor.settled();
  expect(state().maskBounds).toEqual({ x: 0, y: 0, width: 190, height: HEIGHT });
  drag(page, [{ x: 10, y: 10 }], { alt: true });
  await editor.settled();
  expect(state().maskBounds).toEqual({ x: 100, y: 0, width: 90, height: HEIGHT });
  const before = data().slice();
  drag(page, [{ x: -5, y: 10 }]);
  await editor.settled();
  expect(same(data(), before)).toBe(true);
  editor.undo();
  editor.undo();
  editor.undo();
  expect(state()).toMatchObject({ canUndo: false, maskBounds: { width: 0 } });
});

it('edges: the whole mask as the kernels grow, shrink and feather it', async () => {
  const page = opened();
  const { editor, data } = page;
  editor.setTool('ellipse');
  const shape = { kind: 'ellipse', from: { x: 5, y: 5 }, to: { x: 90, y: 80 } } as const;
  drag(page, [shape.from, shape.to]);
  let mask = createMask({ width: WIDTH, height: HEIGHT });
  fillShape(mask, shape, 255);
  editor.setOptions({ edgeRadius: 9 });
  for (const [edge, kernel] of [
    ['grow', growMask],
    ['feather', featherMask],
    ['shrink', shrinkMask],
    ['feather', featherMask],
  ] as const) {
    await editor.edge(edge);
    mask = kernel(mask, 9);
    expect(same(data(), mask.data)).toBe(true);
  }
  editor.clear();
  await editor.edge('grow');
  expect(count(data())).toBe(0);
});

it('transparency and other masks replace what was painted, as a step', async () => {
  const page = opened();
  const { editor, state, data } = page;
  drag(page, [{ x: 20, y: 20 }]);
  const painted = data().slice();
  await editor.fromTransparency();
  expect(state().maskBounds).toEqual({ x: 190, y: 0, width: 10, height: HEIGHT });
  const other = createMask({ width: WIDTH, height: HEIGHT });
  other.data.fill(120, 500, 900);
  await editor.replaceMask({ ...other, data: other.data.slice() });
  expect(same(data(), other.data)).toBe(true);
  editor.undo();
  editor.undo();
  expect(same(data(), painted)).toBe(true);
  await expect(editor.replaceMask(createMask({ width: 3, height: 3 }))).rejects.toThrow('3 × 3');
  expect(same(data(), painted)).toBe(true);
  expect(state().working).toBeNull();
});

it('what cannot be computed is told, and changes nothing', async () => {
  const editor = createEditor({
    ...directWork,
    edge: async () => {
      throw new Error('Out of memory.');
    },
  });
  const problems: string[] = [];
  const stop = editor.onProblem((problem) => problems.push(problem));
  const opaque = createPixels({ width: 30, height: 30 });
  opaque.data.fill(255);
  editor.open(memorySurface(opaque), 'a.png');
  editor.stroke({ x: 15, y: 15 });
  editor.endStroke();
  const before = editor.document?.mask.data.slice() ?? new Uint8Array();
  await editor.edge('grow');
  await editor.fromTransparency();
  expect(problems).toEqual(['Out of memory.', expect.stringContaining('no transparent parts')]);
  expect(same(editor.document?.mask.data ?? new Uint8Array(), before)).toBe(true);
  expect(editor.store.getState().working).toBeNull();
  stop();
  await editor.edge('grow');
  expect(problems).toHaveLength(2);
});

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
  editor.open(memorySurface(picture()), 'a.png');
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
  editor.open(memorySurface(picture()), 'b.png');
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

it('100 random operations, then 100 undos give the first mask back, and 100 redos the last', async () => {
  const page = opened();
  const { editor, state, data } = page;
  let seed = 17;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const point = () => ({ x: random(WIDTH + 20) - 10, y: random(HEIGHT + 20) - 10 });
  const tools: Tool[] = ['brush', 'eraser', 'lasso', 'rectangle', 'ellipse', 'polygon', 'wand'];
  const states = [data().slice()];
  const used = new Set<string>();
  for (let tries = 0; states.length <= 100 && tries < 1000; tries++) {
    const before = data().slice();
    const tool = tools[random(tools.length)] ?? 'brush';
    const act = random(12);
    if (act < 7) {
      editor.setTool(tool);
      editor.setOptions({
        brushSize: 4 + random(40),
        hardness: random(2) ? 1 : random(10) / 10,
        mode: (['add', 'subtract', 'replace'] as const)[random(3)] ?? 'add',
        tolerance: random(200),
        contiguous: random(2) === 0,
      });
      if (tool === 'polygon') {
        for (let i = 0; i < 4; i++) drag(page, [point()]);
        editor.gesture.finish();
        editor.setDraft(null);
      } else drag(page, [point(), point(), point()], { pressure: random(10) / 10 });
      await editor.settled();
      used.add(tool);
    } else {
      const edge = (['grow', 'shrink', 'feather'] as const)[act - 7];
      editor.setOptions({ edgeRadius: 1 + random(6) });
      if (edge) await editor.edge(edge);
      else if (act === 10) editor.invert();
      else if (random(3) === 0) await editor.fromTransparency();
      else if (random(2) === 0) editor.clear();
      else editor.fill();
      used.add(edge ?? String(act));
    }
    const changed = !same(before, data());
    if (changed) states.push(data().slice());
    const { maskBounds: shown } = state();
    expect(shown).toEqual(maskBounds({ width: WIDTH, height: HEIGHT, data: Uint8Array.from(data()) }));
  }
  expect(states).toHaveLength(101);
  expect(used.size).toBe(12);
  for (let i = 99; i >= 0; i--) {
    editor.undo();
    expect(same(data(), states[i] ?? new Uint8Array())).toBe(true);
  }
  expect(state().canUndo).toBe(false);
  for (let i = 0; i < 100; i++) editor.redo();
  expect(state().canRedo).toBe(false);
  expect(same(data(), states[100] ?? new Uint8Array())).toBe(true);
});
