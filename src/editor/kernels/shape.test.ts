import { describe, expect, it } from 'vitest';
import { createMask, type Mask } from '../../image/raster';
import { fillShape, shapeBounds, spanRect, squareCorner } from './shape';

const rows = (mask: Mask) =>
  Array.from({ length: mask.height }, (_, y) =>
    [...mask.data.subarray(y * mask.width, (y + 1) * mask.width)].map((v) => (v ? '#' : '.')).join(''),
  );

describe('rectangle', () => {
  it('covers the pixels whose centres it covers, whichever way it was drawn', () => {
    const mask = createMask({ width: 6, height: 4 });
    // x from 1.4 to 4.5: the centres 1.5, 2.5, 3.5 (4.5 is no longer in); y from 0.6 to 2.6: 1.5, 2.5.
    const shape = { kind: 'rectangle', from: { x: 4.5, y: 2.6 }, to: { x: 1.4, y: 0.6 } } as const;
    expect(shapeBounds(shape, mask)).toEqual({ x: 1, y: 0, width: 4, height: 3 });
    fillShape(mask, shape, 255);
    expect(rows(mask)).toEqual(['......', '.###..', '.###..', '......']);
    fillShape(mask, { kind: 'rectangle', from: { x: 2, y: 1 }, to: { x: 3, y: 9 } }, 0);
    expect(rows(mask)).toEqual(['......', '.#.#..', '.#.#..', '......']);
  });

  it('is square on demand, from the corner where it began', () => {
    expect(squareCorner({ x: 10, y: 10 }, { x: 4, y: 12 })).toEqual({ x: 4, y: 16 });
    expect(squareCorner({ x: 10, y: 10 }, { x: 11, y: 3 })).toEqual({ x: 17, y: 3 });
    expect(spanRect({ x: 1, y: 2 }, { x: 4, y: 0 })).toEqual({ x: 1, y: 0, width: 3, height: 2 });
  });
});

it('ellipse: the pixels whose centres satisfy its equation', () => {
  const mask = createMask({ width: 9, height: 7 });
  const shape = { kind: 'ellipse', from: { x: 0.5, y: 0.5 }, to: { x: 8.1, y: 6.3 } } as const;
  fillShape(mask, shape, 255);
  const [cx, cy, rx, ry] = [4.3, 3.4, 3.8, 2.9];
  for (let y = 0; y < 7; y++) {
    for (let x = 0; x < 9; x++) {
      const inside = ((x + 0.5 - cx) / rx) ** 2 + ((y + 0.5 - cy) / ry) ** 2 <= 1;
      expect(mask.data[y * 9 + x]).toBe(inside ? 255 : 0);
    }
  }
});

describe('outline', () => {
  it('a triangle, by hand', () => {
    const mask = createMask({ width: 6, height: 4 });
    // The hypotenuse is x = 4 − y: at y = 0.5, 1.5, 2.5, 3.5 the centres below 3.5, 2.5, 1.5, 0.5 are in.
    const points = [
      { x: 0, y: 0 },
      { x: 4, y: 0 },
      { x: 0, y: 4 },
    ];
    fillShape(mask, { kind: 'outline', points }, 255);
    expect(rows(mask)).toEqual(['###...', '##....', '#.....', '......']);
  });

  it('a loop that crosses itself leaves no hole', () => {
    const mask = createMask({ width: 8, height: 8 });
    const ring = (a: number, b: number) => [
      { x: a, y: a },
      { x: b, y: a },
      { x: b, y: b },
      { x: a, y: b },
      { x: a, y: a },
    ];
    fillShape(mask, { kind: 'outline', points: [...ring(0, 8), ...ring(2, 6)] }, 255);
    expect(mask.data.every((value) => value === 255)).toBe(true);
  });

  it('runs off the picture without harm, and a line or nothing covers nothing', () => {
    const mask = createMask({ width: 3, height: 3 });
    const points = [
      { x: -5, y: -5 },
      { x: 20, y: -5 },
      { x: 20, y: 2 },
      { x: -5, y: 2 },
    ];
    expect(fillShape(mask, { kind: 'outline', points }, 255)).toEqual({ x: 0, y: 0, width: 3, height: 2 });
    expect(rows(mask)).toEqual(['###', '###', '...']);
    fillShape(mask, { kind: 'outline', points: [] }, 0);
    fillShape(mask, { kind: 'outline', points: points.slice(0, 2) }, 0);
    expect(rows(mask)).toEqual(['###', '###', '...']);
  });

  it('agrees with the winding number computed edge by edge', () => {
    let seed = 11;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return (seed / 2 ** 32) * below;
    };
    for (let round = 0; round < 40; round++) {
      const mask = createMask({ width: 24, height: 18 });
      const points = Array.from({ length: 9 }, () => ({ x: random(30) - 3, y: random(24) - 3 }));
      fillShape(mask, { kind: 'outline', points }, 255);
      let wrong = 0;
      for (let i = 0; i < mask.data.length; i++) {
        const [x, y] = [(i % 24) + 0.5, Math.floor(i / 24) + 0.5];
        let winding = 0;
        points.forEach((a, k) => {
          const b = points[(k + 1) % points.length] ?? a;
          const left = (b.x - a.x) * (y - a.y) - (x - a.x) * (b.y - a.y);
          if (a.y <= y && b.y > y && left > 0) winding += 1;
          if (a.y > y && b.y <= y && left < 0) winding -= 1;
        });
        if (mask.data[i] !== (winding === 0 ? 0 : 255)) wrong += 1;
      }
      expect(wrong).toBe(0);
    }
  });
});
