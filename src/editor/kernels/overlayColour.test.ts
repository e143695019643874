import { expect, it } from 'vitest';
import { overlayColourFor } from './overlayColour';

const filled = (...colours: [number, number, number, number?][]) => ({
  width: colours.length,
  height: 1,
  data: Uint8ClampedArray.from(
    colours.flatMap(([red, green, blue, alpha = 255]) => [red, green, blue, alpha]),
  ),
});

it('is the page’s accent where that stands out', () => {
  expect(overlayColourFor(filled([30, 90, 30], [120, 170, 230], [20, 20, 20], [240, 240, 240]))).toBe(
    '#ff7a36',
  );
});

it('is another over orange and red pictures', () => {
  const chosen = overlayColourFor(filled([250, 130, 60], [230, 110, 50], [200, 90, 40], [40, 60, 40]));
  expect(['#3aa0ff', '#36d17c', '#c86bff']).toContain(chosen);
});

it('what cannot be seen does not count', () => {
  expect(overlayColourFor(filled([255, 122, 54, 0], [255, 122, 54, 0], [0, 0, 0]))).toBe('#ff7a36');
});
