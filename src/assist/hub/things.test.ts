import { expect, it } from 'vitest';
import type { HeatMap } from './clipSeg';
import { MAX_THINGS, ownShape, shows, thingsIn } from './things';

/** A map from rows of digits: tenths. */
function mapOf(...rows: string[]): HeatMap {
  const data = Float32Array.from(rows.join(''), (digit) => Number(digit) / 10);
  return { width: rows[0]?.length ?? 0, height: rows.length, data };
}

it('finds each thing of that name, with its box and its surest places', () => {
  const map = mapOf(...['0000000000', '0569500000', '0566500000', '0000000770', '0000000880', '0000000000']);
  const [first, second, ...others] = thingsIn(map);
  expect(others).toEqual([]);
  // Its cells sum up to 4.7, the other's to 3.
  expect(first?.box).toEqual({ x: 1, y: 1, width: 4, height: 2 });
  // The 9, then the surest that are at least 4 / 3 cells from those before.
  expect(first?.peaks).toEqual([
    { x: 3.5, y: 1.5 },
    { x: 2.5, y: 2.5 },
    { x: 1.5, y: 1.5 },
  ]);
  expect(second?.box).toEqual({ x: 7, y: 3, width: 2, height: 2 });
  expect(second?.cells).toHaveLength(4);
});

it('finds nothing where the map is unsure, whatever its shape', () => {
  expect(thingsIn(mapOf('0000', '0120', '0210'))).toEqual([]);
  expect(thingsIn({ width: 2, height: 1, data: new Float32Array([Number.NaN, Number.NaN]) })).toEqual([]);
});

it('leaves out echoes, and more things than a name has', () => {
  expect(thingsIn(mapOf('999900', '999900', '000000', '000006'))).toHaveLength(1);
  expect(thingsIn(mapOf('90909090909090909090'))).toHaveLength(MAX_THINGS);
  // Cells that touch by a corner are two things, and a row does not go on in the next one.
  expect(thingsIn(mapOf('009', '900'))).toHaveLength(2);
});

it('tells a mask of the thing from one of something else', () => {
  const map = mapOf('0000', '0990', '0990', '0000');
  const [thing] = thingsIn(map);
  if (thing === undefined) throw new Error('nothing was found');
  const logits = (inside: (x: number, y: number) => boolean) => ({
    ...{ width: 8, height: 8, across: 8, down: 8 },
    data: Float32Array.from({ length: 64 }, (_, at) => (inside(at % 8, Math.floor(at / 8)) ? 5 : -5)),
  });
  expect(
    shows(
      logits((x, y) => x >= 2 && x < 6 && y >= 2 && y < 6),
      thing,
      map,
    ),
  ).toBe(true);
  expect(
    shows(
      logits((x) => x < 2),
      thing,
      map,
    ),
  ).toBe(false);
  // An image that covers a part of the grid only.
  const padded = { ...logits((x, y) => x >= 1 && x < 3 && y >= 1 && y < 3), across: 4, down: 4 };
  expect(shows(padded, thing, map)).toBe(true);
  const large = mapOf(...Array(9).fill('000000000'), '000000009');
  const [dot] = thingsIn(large);
  if (dot === undefined) throw new Error('nothing was found');
  expect(shows({ ...logits(() => true), across: 8, down: 8 }, dot, large)).toBe(false);
});

it('gives the map’s own shape, of one thing alone', () => {
  const map = mapOf('990', '000', '088');
  const [first] = thingsIn(map);
  if (first === undefined) throw new Error('nothing was found');
  const { data, across, down } = ownShape(map, first);
  expect([across, down]).toEqual([3, 3]);
  expect(Array.from(data, (value) => value > 0)).toEqual([true, true, ...Array(7).fill(false)]);
});
