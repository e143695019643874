import { expect, it } from 'vitest';
import { createPixels, type Mask } from '../../image/raster';
import { selectByColor } from './wand';

/** Greys from rows of hexadecimal digits: 0 is 0, f is 240; a blank is transparent. */
function picture(...lines: string[]) {
  const pixels = createPixels({ width: lines[0]?.length ?? 0, height: lines.length });
  [...lines.join('')].forEach((digit, i) => {
    const grey = digit === ' ' ? 0 : Number.parseInt(digit, 16) * 16;
    pixels.data.set([grey, grey, grey, digit === ' ' ? 0 : 255], i * 4);
  });
  return pixels;
}
const rows = (mask: Mask) =>
  Array.from({ length: mask.height }, (_, y) =>
    [...mask.data.subarray(y * mask.width, (y + 1) * mask.width)].map((v) => (v ? '#' : '.')).join(''),
  );

it('takes what is connected and near', () => {
  const pixels = picture('0020f', '0f1f0', 'ffff0', '0000f');
  const at = { x: 0.9, y: 0.2 };
  const strict = selectByColor(pixels, { at, tolerance: 0, contiguous: true });
  expect(rows(strict.mask)).toEqual(['##...', '#....', '.....', '.....']);
  expect(strict.bounds).toEqual({ x: 0, y: 0, width: 2, height: 2 });
  // 32 away is in, and leads on to the 0 and the 1 beyond it; the zeros behind the f's are not connected.
  const loose = selectByColor(pixels, { at, tolerance: 32, contiguous: true });
  expect(rows(loose.mask)).toEqual(['####.', '#.#..', '.....', '.....']);
});

it('takes what is near anywhere', () => {
  const pixels = picture('0020f', '0f1f0', 'ffff0', '0000f');
  const all = selectByColor(pixels, { at: { x: 0, y: 0 }, tolerance: 16, contiguous: false });
  expect(rows(all.mask)).toEqual(['##.#.', '#.#.#', '....#', '####.']);
});

it('tells transparent from black, and takes every pixel at full tolerance', () => {
  const pixels = picture('0 0', '0 0');
  const left = selectByColor(pixels, { at: { x: 0, y: 0 }, tolerance: 10, contiguous: true });
  expect(rows(left.mask)).toEqual(['#..', '#..']);
  const everything = selectByColor(pixels, { at: { x: 0, y: 0 }, tolerance: 255, contiguous: true });
  expect(rows(everything.mask)).toEqual(['###', '###']);
});

it('fills winding corridors: as a search pixel by pixel', () => {
  const [width, height] = [40, 30];
  const pixels = createPixels({ width, height });
  let seed = 21;
  for (let i = 0; i < width * height; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    pixels.data[i * 4] = seed >>> 31 && seed % 3 ? 200 : 0;
  }
  pixels.data[0] = 0;
  const reached = new Set([0]);
  for (const i of reached) {
    const x = i % width;
    for (const next of [i - width, i + width, x > 0 ? i - 1 : -1, x < width - 1 ? i + 1 : -1]) {
      if (next >= 0 && next < width * height && pixels.data[next * 4] === 0) reached.add(next);
    }
  }
  const { mask } = selectByColor(pixels, { at: { x: 0, y: 0 }, tolerance: 5, contiguous: true });
  expect(reached.size).toBeGreaterThan(100);
  expect(Array.from(mask.data)).toEqual(Array.from(mask.data, (_, i) => (reached.has(i) ? 255 : 0)));
});
