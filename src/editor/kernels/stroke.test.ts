import { expect, it } from 'vitest';
import { createMask, type Mask } from './raster';
import { paintSegment, segmentBounds } from './stroke';

const rows = (mask: Mask) =>
  Array.from({ length: mask.height }, (_, y) =>
    [...mask.data.subarray(y * mask.width, (y + 1) * mask.width)].map((v) => (v ? '#' : '.')).join(''),
  );

it('a dab covers the pixels whose centres lie in the circle', () => {
  const mask = createMask({ width: 6, height: 5 });
  // Radius 1.6 about the centre of pixel (2, 2): distance 1.41 to the diagonal is in, 2 is out.
  const dot = { x: 2.5, y: 2.5 };
  paintSegment(mask, { from: dot, to: dot, radius: 1.6 }, 255);
  expect(rows(mask)).toEqual(['......', '.###..', '.###..', '.###..', '......']);
});

it('a fast movement leaves no gaps, and the eraser takes away again', () => {
  const mask = createMask({ width: 8, height: 3 });
  paintSegment(mask, { from: { x: 1.5, y: 1.5 }, to: { x: 6.5, y: 1.5 }, radius: 1 }, 255);
  expect(rows(mask)).toEqual(['.######.', '########', '.######.']);
  paintSegment(mask, { from: { x: 3.5, y: 1.5 }, to: { x: 3.5, y: 9 }, radius: 0.5 }, 0);
  expect(rows(mask)).toEqual(['.######.', '###.####', '.##.###.']);
});

it('runs off the picture without harm', () => {
  const mask = createMask({ width: 3, height: 3 });
  const segment = { from: { x: -5, y: -5 }, to: { x: 0.5, y: 0.5 }, radius: 1 };
  expect(segmentBounds(segment, mask)).toEqual({ x: 0, y: 0, width: 2, height: 2 });
  paintSegment(mask, segment, 255);
  expect(rows(mask)).toEqual(['##.', '#..', '...']);
  expect(paintSegment(mask, { ...segment, to: { x: -4, y: -4 } }, 255)).toMatchObject({
    width: 0,
    height: 0,
  });
});
