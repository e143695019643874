import { expect, it } from 'vitest';
import { createPixels, type Pixels } from '../raster';
import { lightOf } from './light';

/** Two pixels, of which only the first is asked about. */
function ground(red: number, green: number, blue: number, alpha = 255): Pixels {
  const pixels = createPixels({ width: 2, height: 1 });
  pixels.data.set([red, green, blue, alpha, 255, 0, 0, 255]);
  return pixels;
}
const where = Uint8Array.of(255, 0);

it('a usual place changes nothing, a dark one darkens, a bright one brightens a little', () => {
  for (const gain of lightOf(ground(112, 112, 112), where)) expect(gain).toBeCloseTo(1, 5);
  // (28 / 112)^0.35
  for (const gain of lightOf(ground(28, 28, 28), where)) expect(gain).toBeCloseTo(0.616, 3);
  for (const gain of lightOf(ground(255, 255, 255), where)) expect(gain).toBe(1.15);
  for (const gain of lightOf(ground(0, 0, 0), where)) expect(gain).toBe(0.5);
});

it('takes a little of the place’s tint', () => {
  const [red, , blue] = lightOf(ground(160, 112, 64), where);
  expect(red).toBeGreaterThan(1.02);
  expect(blue).toBeLessThan(0.95);
});

it('where there is nothing there is no light to take', () => {
  expect(lightOf(ground(10, 10, 10, 0), where)).toEqual([1, 1, 1]);
  expect(lightOf(ground(10, 10, 10), Uint8Array.of(0, 0))).toEqual([1, 1, 1]);
});
