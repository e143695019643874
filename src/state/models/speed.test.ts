import { expect, it } from 'vitest';
import { averageSpeed } from './speed';

it('averages over all samples', () => {
  // 40 counts in 2 s, in whatever portions.
  expect(
    averageSpeed([
      { ms: 500, count: 10 },
      { ms: 600, count: 45 },
      { ms: 2500, count: 50 },
    ]),
  ).toBe(20);
  expect(
    averageSpeed([
      { ms: 0, count: 7 },
      { ms: 1000, count: 7 },
    ]),
  ).toBe(0);
});

it('says nothing before time has passed', () => {
  expect(averageSpeed([])).toBeNull();
  expect(averageSpeed([{ ms: 0, count: 1 }])).toBeNull();
  expect(
    averageSpeed([
      { ms: 5, count: 1 },
      { ms: 5, count: 9 },
    ]),
  ).toBeNull();
});
