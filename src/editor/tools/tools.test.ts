import { expect, it } from 'vitest';
import {
  count,
  drag,
  HEIGHT,
  openedEditor,
  predicted,
  same,
  WIDTH,
} from '../../../test/support/openedEditor';
import { maskBounds } from '../../image/mask/mask';
import { fillShape } from '../kernels/shape';
import { paintSegment } from '../kernels/stroke';

it('shapes: rectangle, ellipse, lasso, square with Ctrl; Alt subtracts, Shift adds, replace replaces', () => {
  const page = openedEditor();
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
  const page = openedEditor();
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
  const page = openedEditor();
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
  const page = openedEditor();
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
  const page = openedEditor();
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
