/** A short round of `npm run fuzz` in every test run, with the same cases each time. */
import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import { fuzz } from './target';
import { targets } from './targets';

const CASES = 2000;
const SEED = 20261128;

for (const target of targets) {
  test(`${target.name}: wrong inputs`, async () => {
    const { failure, cases, taken, refused } = await fuzz(target, CASES, SEED);
    expect(failure).toBeUndefined();
    expect(taken + refused).toBe(cases);
    // An entrance that refuses everything would hold for the wrong reason.
    expect(taken).toBeGreaterThan(0);
    if (target.isTotal) expect(refused).toBe(0);
    else expect(refused).toBeGreaterThan(0);
  });
}
