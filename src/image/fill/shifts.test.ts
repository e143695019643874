import { describe, expect, it } from 'vitest';
import { finish } from '../../../test/support/finish';
import { createMatches, matchAtRandom } from './matches';
import { repeatingShifts } from './offers';
import { createDraw } from './random';
import { HOLE, KNOWN, type Level } from './scale';
import { choose } from './shifts';

/** Tiles of 12 × 12 pixels, no two of whose pixels are alike; the hole is a square whose colours are not known. */
function tiled(side: number, hole: number): { level: Level; truth: Uint8Array } {
  const truth = new Uint8Array(side * side * 3);
  const kinds = new Uint8Array(side * side).fill(KNOWN);
  const first = (side - hole) >> 1;
  for (let i = 0; i < side * side; i++) {
    const [x, y] = [i % side, Math.floor(i / side)];
    truth.set([(x % 12) * 20, (y % 12) * 20, ((x % 12) * (y % 12) * 37) % 256], 3 * i);
    if (x >= first && x < first + hole && y >= first && y < first + hole) kinds[i] = HOLE;
  }
  const colours = truth.slice();
  for (let i = 0; i < kinds.length; i++) if (kinds[i] === HOLE) colours.fill(0, 3 * i, 3 * i + 3);
  return {
    level: { width: side, height: side, colours, kinds, roughness: new Float32Array(2 * side * side) },
    truth,
  };
}

describe('shifts', () => {
  it('offers those by which the image repeats itself', () => {
    const matches = finish(createMatches(tiled(72, 16).level, 3));
    const shifts = finish(repeatingShifts(matches, 8, createDraw(1)));
    expect(shifts).toHaveLength(8);
    for (const { dx, dy } of shifts) {
      expect(Math.abs(dx % 12)).toBe(0);
      expect(Math.abs(dy % 12)).toBe(0);
      expect(Math.max(Math.abs(dx), Math.abs(dy))).toBeGreaterThanOrEqual(12);
    }
  });

  it('chooses those that fit, and copies them', () => {
    const { level, truth } = tiled(96, 16);
    const draw = createDraw(1);
    const matches = finish(createMatches(level, 3));
    finish(matchAtRandom(matches, draw));
    // By two of these the hole can be put together as it was, by the third it cannot.
    const shifts = [
      { dx: 24, dy: 0 },
      { dx: 30, dy: 5 },
      { dx: -24, dy: 0 },
    ];
    finish(choose(matches, shifts, new Float32Array(level.kinds.length * 3), draw));
    expect(level.colours).toEqual(truth);
    // The patches around it go along: the hole’s corner is at (40, 40).
    const around = 37 * 96 + 37;
    expect(Math.abs((matches.nearest[around] ?? 0) - around)).toBe(24);
  });
});
