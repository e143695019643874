import { expect, it } from 'vitest';
import { createMask, type Mask } from '../../image/raster';
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

it('a hard brush is exactly the pixels whose centres lie within the radius, wherever it goes', () => {
  let seed = 3;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed / 2 ** 32) * below;
  };
  for (let i = 0; i < 300; i++) {
    const mask = createMask({ width: 37, height: 29 });
    const [from, to] = [0, 1].map(() => ({ x: random(60) - 12, y: random(50) - 10 }));
    if (!from || !to) throw new Error('two points');
    const radius = random(14) + 0.2;
    paintSegment(mask, { from, to: i % 3 === 0 ? from : to, radius }, 255);
    const end = i % 3 === 0 ? from : to;
    let wrong = 0;
    for (let y = 0; y < 29; y++) {
      for (let x = 0; x < 37; x++) {
        const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
        const [ax, ay] = [end.x - from.x, end.y - from.y];
        const length = ax * ax + ay * ay;
        const t = length === 0 ? 0 : Math.min(1, Math.max(0, (px * ax + py * ay) / length));
        const inside = (px - t * ax) ** 2 + (py - t * ay) ** 2 <= radius * radius;
        if (mask.data[y * 37 + x] !== (inside ? 255 : 0)) wrong += 1;
      }
    }
    expect(wrong).toBe(0);
  }
});

it('a soft dab is full within its hardness and falls by smoothstep; erasing is its mirror', () => {
  const mask = createMask({ width: 9, height: 1 });
  // Radius 4, hardness 0.25 about x = 0.5: distances 0 … 8. Full to 1; at 2 t = (0.5 − 0.25) / 0.75 = 1/3,
  // 1 − t²(3 − 2t) = 1 − (1/9)(7/3) = 20/27 → 189; at 3 t = 2/3 → 7/27 → 66; at 4 t = 1 → 0.
  const dot = { x: 0.5, y: 0.5 };
  const dab = { from: dot, to: dot, radius: 4, hardness: 0.25 };
  paintSegment(mask, dab, 255);
  expect([...mask.data]).toEqual([255, 255, 189, 66, 0, 0, 0, 0, 0]);
  // Going over it again adds nothing.
  paintSegment(mask, dab, 255);
  expect([...mask.data.subarray(0, 4)]).toEqual([255, 255, 189, 66]);
  mask.data.fill(255);
  paintSegment(mask, dab, 0);
  expect([...mask.data]).toEqual([0, 0, 66, 189, 255, 255, 255, 255, 255]);
});

it('pressure: the radius grows along the segment, and the larger end is whole', () => {
  const mask = createMask({ width: 9, height: 7 });
  // Radius 0.5 at (1.5, 3.5) to 3 at (4.5, 3.5): the disc of 3 about (4.5, 3.5) is covered entirely.
  const segment = { from: { x: 1.5, y: 3.5 }, to: { x: 4.5, y: 3.5 }, radius: 0.5, toRadius: 3 };
  expect(segmentBounds(segment, mask)).toEqual({ x: 1, y: 0, width: 7, height: 7 });
  paintSegment(mask, segment, 255);
  expect(rows(mask)).toEqual([
    '....#....',
    '..#####..',
    '..#####..',
    '.#######.',
    '..#####..',
    '..#####..',
    '....#....',
  ]);
});
