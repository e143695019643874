import { expect, it } from 'vitest';
import { createPixels, type Pixels } from '../raster';
import { layMatte, matteOf } from './matte';

/** Grey everywhere but for one colour, which covers the middle column of three by `cover`. */
function before(grey: number, cover: number): Pixels {
  const pixels = createPixels({ width: 3, height: 2 });
  for (let i = 0; i < 6; i++) {
    const part = i % 3 === 1 ? cover : 0;
    const colour = [200, 100, 20].map((value) => Math.round(part * value + (1 - part) * grey));
    pixels.data.set([...colour, 255], 4 * i);
  }
  return pixels;
}

it('cover and colours follow from two grounds, whatever the colours are', () => {
  for (const cover of [1, 0.5]) {
    const matte = matteOf(before(64, cover), before(192, cover), 64, 192);
    for (const i of [1, 4]) {
      expect(matte.cover[i]).toBeCloseTo(cover, 1);
      // One level of rounding, divided by the cover.
      [200, 100, 20].forEach((value, c) => {
        expect(Math.abs((matte.colours[3 * i + c] ?? 0) - value)).toBeLessThan(cover === 1 ? 1.1 : 25);
      });
    }
    for (const i of [0, 2, 3, 5]) expect(matte.cover[i]).toBe(0);
  }
});

it('is laid where the image may change, and leaves no trace where it covers next to nothing', () => {
  const solid = matteOf(before(64, 1), before(192, 1), 64, 192);
  const faint = matteOf(before(64, 0.2), before(192, 0.2), 64, 192);
  const image = before(10, 0);
  const where = new Uint8Array(6).fill(255, 0, 3);
  layMatte(image, faint, where, (x, y) => [x, y]);
  expect(image).toEqual(before(10, 0));
  layMatte(image, solid, where, (x, y) => [x, y]);
  expect([...image.data.subarray(4, 8)]).toEqual([200, 100, 20, 255]);
  expect([...image.data.subarray(16, 20)]).toEqual([10, 10, 10, 255]);
  // Beyond the matte's edge there is nothing of it.
  layMatte(image, solid, new Uint8Array(6).fill(255), (x, y) => [x + 5, y]);
  expect([...image.data.subarray(16, 20)]).toEqual([10, 10, 10, 255]);
});
