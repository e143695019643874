import { expect, it } from 'vitest';
import { lineAt, parkedAt, shareAt, shareByKey } from './compare';

const place = { x: 100, y: 0, width: 400, height: 300 };

it('is the share of the picture left of the pointer', () => {
  expect(shareAt(place, 200)).toBe(0.25);
  expect(shareAt(place, 20)).toBe(0);
  expect(shareAt(place, 900)).toBe(1);
  expect(shareAt({ ...place, width: 0 }, 900)).toBe(0);
});

it('stays in reach where the picture goes beyond the pane', () => {
  expect(lineAt(place, 0.5, 600, 16)).toBe(300);
  expect(lineAt({ ...place, x: -300 }, 0, 600, 16)).toBe(16);
  expect(lineAt({ ...place, x: 500 }, 1, 600, 16)).toBe(584);
});

it('is parked beside the picture, below it, or over its edge', () => {
  const pane = { width: 600, height: 340 };
  // Left of 100 there is room for a grip of 28: its middle at 100 − 14, halfway down.
  expect(parkedAt(place, pane, 28)).toEqual({ x: 86, y: 170, side: 'left', scale: 1 });
  // 40 px below, none at the left: 300 + 14.
  expect(parkedAt({ ...place, x: 10 }, pane, 28)).toEqual({ x: 24, y: 314, side: 'below', scale: 1 });
  // 21 px below: three quarters of it, and nothing of it over the picture or cut.
  const tight = { width: 600, height: 321 };
  expect(parkedAt({ ...place, x: 10 }, tight, 28)).toEqual({ x: 24, y: 310.5, side: 'below', scale: 0.75 });
  // Larger than the pane on all sides.
  const near = { x: -50, y: -20, width: 900, height: 600 };
  expect(parkedAt(near, pane, 28)).toEqual({ x: 14, y: 170, side: 'over', scale: 1 });
});

it('moves by keys', () => {
  expect(shareByKey(0.5, 'ArrowRight')).toBe(0.51);
  expect(shareByKey(0.5, 'ArrowDown')).toBe(0.49);
  expect(shareByKey(0.5, 'PageUp')).toBe(0.6);
  expect(shareByKey(0.05, 'PageDown')).toBe(0);
  expect(shareByKey(0.5, 'Home')).toBe(0);
  expect(shareByKey(0.5, 'End')).toBe(1);
  expect(shareByKey(0.5, 'c')).toBeNull();
});
