import { expect, it } from 'vitest';
import { freeRoom } from './freeRoom';

it('takes the browser at its word, but for the figure that Chrome gives every page', () => {
  expect(freeRoom({ quota: 1000, usage: 400 })).toBe(600);
  expect(freeRoom({ quota: 1000, usage: 1200 })).toBe(0);
  expect(freeRoom({ quota: 71e6 + 10 * 2 ** 30, usage: 71e6 })).toBeUndefined();
  expect(freeRoom({ quota: 8 * 2 ** 30, usage: 0 })).toBe(8 * 2 ** 30);
  expect(freeRoom({})).toBeUndefined();
  expect(freeRoom({ quota: 1000 })).toBeUndefined();
});
