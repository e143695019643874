import { describe, expect, it } from 'vitest';
import { createMask, createPixels } from '../raster';
import {
  combineMasks,
  invertMask,
  maskBounds,
  maskFromPixels,
  maskFromTransparency,
  maskToPixels,
  scaleMask,
} from './mask';

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

it('maskBounds looks within an area, and sees the faintest paint', () => {
  const mask = dot(10, 8, [3, 2], [7, 5]);
  mask.data[6 * 10 + 1] = 1;
  expect(maskBounds(mask)).toEqual({ x: 1, y: 2, width: 7, height: 5 });
  expect(maskBounds(mask, { x: 2, y: 1, width: 4, height: 4 })).toEqual({ x: 3, y: 2, width: 1, height: 1 });
  expect(maskBounds(mask, { x: 8, y: 0, width: 2, height: 8 })).toMatchObject({ width: 0, height: 0 });
});

it('invert, in fours and the rest', () => {
  const mask = createMask({ width: 7, height: 1 });
  mask.data.set([0, 255, 1, 128, 200, 0, 255]);
  invertMask(mask);
  expect([...mask.data]).toEqual([255, 0, 254, 127, 55, 255, 0]);
});

it('combineMasks: the larger, the rest, the new', () => {
  const mask = createMask({ width: 4, height: 2 });
  mask.data.set([0, 0, 0, 0, 9, 0, 200, 255]);
  const patch = { width: 3, height: 1, data: Uint8Array.of(0, 90, 100) };
  const place = { x: 1, y: 1 };
  expect([...combineMasks(mask, patch, place, 'add').data]).toEqual([0, 200, 255]);
  // min(before, 255 − patch): min(0, 255), min(200, 165), min(255, 155).
  expect([...combineMasks(mask, patch, place, 'subtract').data]).toEqual([0, 165, 155]);
  expect([...combineMasks(mask, patch, place, 'replace').data]).toEqual([0, 90, 100]);
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

it('reads masks of our own, and what is transparent', () => {
  const pixels = createPixels({ width: 4, height: 1 });
  pixels.data.set([10, 20, 33, 255, 255, 255, 255, 102, 255, 255, 255, 0, 128, 128, 128, 255]);
  expect([...maskFromPixels(pixels).data]).toEqual([0, 0, 0, 255]);
  expect([...maskFromTransparency(pixels).data]).toEqual([0, 153, 255, 0]);
});
