import { expect, it } from 'vitest';
import { gapsIn } from './gaps';
import type { Mask, Pixels } from './raster';

/** `#` opaque, `.` transparent, `/` half; capital letters of the mask's rows are masked. */
function given(rows: readonly string[], masked: readonly string[]): [Pixels, Mask] {
  const [width, height] = [rows[0]?.length ?? 0, rows.length];
  const data = new Uint8ClampedArray(width * height * 4);
  [...rows.join('')].forEach((kind, i) => {
    data[4 * i + 3] = kind === '#' ? 255 : kind === '/' ? 128 : 0;
  });
  const hole = new Uint8Array([...masked.join('')].map((kind) => (kind === 'M' ? 255 : 0)));
  return [
    { width, height, data },
    { width, height, data: hole },
  ];
}

it('finds what is transparent and masked whole, half transparent rims too', () => {
  const [image, hole] = given(['##/..', '##/..', '#####', '#.###'], ['-MMMM', '-MMMM', '-----', '-----']);
  expect([...(gapsIn(image, hole) ?? [])]).toEqual([
    ...[0, 0, 1, 1, 1],
    ...[0, 0, 1, 1, 1],
    ...[0, 0, 0, 0, 0],
    ...[0, 0, 0, 0, 0],
  ]);
});

it('leaves surroundings that go on outside of the mask, and images without transparency', () => {
  expect(gapsIn(...given(['##...', '##...'], ['-MMM-', '-MMM-']))).toBeNull();
  // Around a corner.
  expect(gapsIn(...given(['#..#', '#.##', '..##'], ['-MM-', '-M--', '-M--']))).toBeNull();
  // Diagonally is not connected.
  expect(gapsIn(...given(['#.#', '.##'], ['-M-', '---']))).not.toBeNull();
  expect(gapsIn(...given(['###'], ['MM-']))).toBeNull();
});
