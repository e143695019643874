import { expect, it } from 'vitest';
import { bestSplit, clampScale, fitView, keepInSight, toImage, toView, zoomAbout } from './view';

it('toView and toImage are each other’s inverse', () => {
  const view = { scale: 0.5, x: 10, y: -4 };
  // 40 × 0.5 + 10 = 30; 8 × 0.5 − 4 = 0
  expect(toView(view, { x: 40, y: 8 })).toEqual({ x: 30, y: 0 });
  expect(toImage(view, { x: 30, y: 0 })).toEqual({ x: 40, y: 8 });
});

it('fitView centres the picture', () => {
  // (420 − 20) / 800 = 0.5 beats (320 − 20) / 400 = 0.75; 400 × 200 in 420 × 320.
  expect(fitView({ width: 800, height: 400 }, { width: 420, height: 320 }, 10)).toEqual({
    scale: 0.5,
    x: 10,
    y: 60,
  });
  expect(fitView({ width: 10, height: 10 }, { width: 420, height: 320 }, 10).scale).toBe(4);
});

it('zoomAbout holds the point under the pointer', () => {
  // (100, 50) lies over image point (45, 25) at scale 2; at scale 4: 100 − 180, 50 − 100.
  expect(zoomAbout({ scale: 2, x: 10, y: 0 }, { x: 100, y: 50 }, 4)).toEqual({ scale: 4, x: -80, y: -50 });
});

it('keepInSight leaves a third of the smaller of picture and pane', () => {
  const size = { width: 300, height: 300 };
  const pane = { width: 600, height: 150 };
  // 300 / 3 = 100 of the width stays: x from 100 − 300 to 600 − 100; 150 / 3 = 50: y from 50 − 300 to 100.
  expect(keepInSight({ scale: 1, x: -900, y: 900 }, size, pane)).toEqual({ scale: 1, x: -200, y: 100 });
  expect(keepInSight({ scale: 1, x: 5, y: 5 }, size, pane)).toEqual({ scale: 1, x: 5, y: 5 });
});

it('clampScale ends at an eighth of fitting and at 32', () => {
  const pane = { width: 400, height: 400 };
  expect(clampScale(0, { width: 800, height: 800 }, pane)).toBe(0.0625);
  expect(clampScale(0, { width: 10, height: 10 }, pane)).toBe(1);
  expect(clampScale(99, { width: 800, height: 800 }, pane)).toBe(32);
});

it('bestSplit puts wide pictures above each other in a narrow stage, else beside', () => {
  // Beside: 375 / 1200 = 0.31; below: 300 / 800 = 0.375, which is 20 % more.
  expect(bestSplit({ width: 1200, height: 800 }, { width: 750, height: 600 }, 0)).toBe('rows');
  // Beside: 450 / 1200 = 0.375; below: 0.375 as well.
  expect(bestSplit({ width: 1200, height: 800 }, { width: 900, height: 600 }, 0)).toBe('columns');
  expect(bestSplit({ width: 800, height: 1200 }, { width: 900, height: 800 }, 10)).toBe('columns');
});
