import { describe, expect, it } from 'vitest';
import { clearMask, invertMask, maskBounds, maskFromPixels, maskToPixels, scaleMask } from './mask';
import { createMask } from './raster';

function dot(width: number, height: number, ...points: [number, number][]) {
  const mask = createMask({ width, height });
  for (const [x, y] of points) mask.data[y * width + x] = 255;
  return mask;
}

it('maskBounds is the box of the white pixels', () => {
  expect(maskBounds(dot(10, 8, [3, 2], [7, 5]))).toEqual({ x: 3, y: 2, width: 5, height: 4 });
  expect(maskBounds(dot(10, 8, [9, 7]))).toEqual({ x: 9, y: 7, width: 1, height: 1 });
  expect(maskBounds(createMask({ width: 10, height: 8 }))).toMatchObject({ width: 0, height: 0 });
});

it('invert and clear', () => {
  const mask = dot(2, 2, [0, 1]);
  invertMask(mask);
  expect([...mask.data]).toEqual([255, 255, 0, 255]);
  clearMask(mask);
  expect([...mask.data]).toEqual([0, 0, 0, 0]);
});

describe('scaleMask', () => {
  it('keeps a single pixel when scaling down', () => {
    // 8 × 8 from (1, 1) to 2 × 2: (6, 2) is column 5, row 1 of the frame, so right and top.
    const scaled = scaleMask(
      dot(10, 10, [6, 2]),
      { x: 1, y: 1, width: 8, height: 8 },
      { width: 2, height: 2 },
    );
    expect([...scaled.data]).toEqual([0, 255, 0, 0]);
  });
  it('repeats pixels when scaling up', () => {
    const scaled = scaleMask(dot(2, 1, [1, 0]), { x: 0, y: 0, width: 2, height: 1 }, { width: 6, height: 2 });
    expect([...scaled.data]).toEqual([0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255]);
  });
});

it('leaves the editor white on black, and comes back the same', () => {
  const mask = dot(3, 2, [1, 0], [2, 1]);
  const pixels = maskToPixels(mask);
  expect([...pixels.data.subarray(0, 8)]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
  expect(maskFromPixels(pixels)).toEqual(mask);
});
