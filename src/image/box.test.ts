import { expect, it } from 'vitest';
import { canvasBox, dragBox, dragMargins, fitBox, limitMargins, noMargins } from './box';

const limits = { bounds: { x: 0, y: 0, width: 1000, height: 800 }, minSide: 64 };
const box = { x: 100, y: 200, width: 300, height: 200 };

it('moves a box as a whole and stops at the picture’s edges', () => {
  expect(dragBox(box, 'move', { x: 10.4, y: -20.6 }, limits)).toEqual({ ...box, x: 110, y: 179 });
  // 1000 − 300 and 800 − 200 are the furthest corners.
  expect(dragBox(box, 'move', { x: 5000, y: 5000 }, limits)).toEqual({ ...box, x: 700, y: 600 });
  expect(dragBox(box, 'move', { x: -5000, y: -5000 }, limits)).toEqual({ ...box, x: 0, y: 0 });
});

it('moves only the edges that the handle names', () => {
  expect(dragBox(box, 'e', { x: 50, y: 999 }, limits)).toEqual({ ...box, width: 350 });
  expect(dragBox(box, 'n', { x: 999, y: -30 }, limits)).toEqual({ ...box, y: 170, height: 230 });
  // The right edge stays at 400, the lower one at 400.
  expect(dragBox(box, 'nw', { x: -20, y: 40 }, limits)).toEqual({ x: 80, y: 240, width: 320, height: 160 });
});

it('keeps a smallest side and the bounds', () => {
  expect(dragBox(box, 'w', { x: 290, y: 0 }, limits)).toEqual({ x: 336, y: 200, width: 64, height: 200 });
  expect(dragBox(box, 'se', { x: 5000, y: -5000 }, limits)).toEqual({ ...box, width: 900, height: 64 });
});

it('fits a frame into another picture', () => {
  expect(fitBox(box, { width: 250, height: 1000 }, 64)).toEqual({ x: 0, y: 200, width: 250, height: 200 });
  expect(fitBox({ ...box, width: 10 }, { width: 40, height: 1000 }, 64)).toMatchObject({ x: 0, width: 40 });
});

it('drags the canvas’s edges out, not in, up to the largest side', () => {
  const size = { width: 100, height: 50 };
  const out = dragMargins(size, noMargins, 'nw', { x: -30, y: -10 }, 8192);
  expect(out).toEqual({ top: 10, right: 0, bottom: 0, left: 30 });
  expect(canvasBox(size, out)).toEqual({ x: -30, y: -10, width: 130, height: 60 });
  expect(dragMargins(size, out, 'w', { x: 100, y: 0 }, 8192)).toEqual({ ...out, left: 0 });
  expect(dragMargins(size, out, 'e', { x: 9000, y: 0 }, 200)).toEqual({ ...out, right: 70 });
  expect(limitMargins(size, { top: 2.4, right: -5, bottom: 400, left: 300 }, 200)).toEqual({
    top: 2,
    right: 0,
    bottom: 148,
    left: 100,
  });
});
