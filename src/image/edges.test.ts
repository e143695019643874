import { expect, it } from 'vitest';
import { featherMask, growMask, shrinkMask } from './edges';
import { createMask, type Mask } from './raster';

function noise(width: number, height: number, share: number): Mask {
  const mask = createMask({ width, height });
  let seed = 9;
  for (let i = 0; i < mask.data.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    if (seed / 2 ** 32 < share) mask.data[i] = seed % 256;
  }
  return mask;
}

/** By trying every pixel within reach. */
function byHand(mask: Mask, radius: number, pick: (values: number[]) => number): number[] {
  return Array.from(mask.data, (_, i) => {
    const [x, y] = [i % mask.width, Math.floor(i / mask.width)];
    const values: number[] = [];
    for (let v = Math.max(0, y - radius); v <= Math.min(mask.height - 1, y + radius); v++) {
      for (let u = Math.max(0, x - radius); u <= Math.min(mask.width - 1, x + radius); u++) {
        if ((u - x) ** 2 + (v - y) ** 2 <= radius * radius) values.push(mask.data[v * mask.width + u] ?? 0);
      }
    }
    return pick(values);
  });
}

it('a single pixel grows to the disc, a single hole too', () => {
  const mask = createMask({ width: 7, height: 5 });
  mask.data[2 * 7 + 3] = 255;
  const text = (m: Mask) =>
    Array.from({ length: 5 }, (_, y) =>
      [...m.data.subarray(y * 7, y * 7 + 7)].map((v) => (v ? '#' : '.')).join(''),
    );
  // Radius 2: (2, 0) is in, (2, 1) with √5 is out, (1, 1) is in.
  const grown = ['...#...', '..###..', '.#####.', '..###..', '...#...'];
  expect(text(growMask(mask, 2))).toEqual(grown);
  expect(text(shrinkMask(growMask(mask, 2), 2))).toEqual(text(mask));
  expect(text(growMask(mask, 0))).toEqual(text(mask));
});

it('grow and shrink equal maximum and minimum over the disc, across blocks, borders and soft values', () => {
  // 140 × 132 spans two blocks of 128 in each direction.
  const mask = noise(140, 132, 0.02);
  for (const radius of [1, 6]) {
    expect(Array.from(growMask(mask, radius).data)).toEqual(byHand(mask, radius, (v) => Math.max(...v)));
  }
  const dense = noise(140, 90, 0.999);
  expect(Array.from(shrinkMask(dense, 2).data)).toEqual(byHand(dense, 2, (v) => Math.min(...v)));
});

it('shrinking does not pull the mask away from the picture’s edge', () => {
  const mask = createMask({ width: 4, height: 1 });
  mask.data.set([255, 255, 255, 0]);
  expect([...shrinkMask(mask, 1).data]).toEqual([255, 255, 0, 0]);
});

it('feather by 3: three boxes of three, and nothing beyond three pixels', () => {
  const mask = createMask({ width: 12, height: 1 });
  mask.data.fill(255, 6);
  // A step convolved with [1 3 6 7 6 3 1] / 27: 255 × 1, 4, 10, 17, 23, 26 / 27.
  expect([...featherMask(mask, 3).data]).toEqual([0, 0, 0, 9, 38, 94, 161, 217, 246, 255, 255, 255]);
});

it('feathering block by block is feathering the whole', () => {
  const mask = createMask({ width: 300, height: 20 });
  for (let y = 0; y < 20; y++) mask.data.fill(255, y * 300 + 120, y * 300 + 180);
  const wide = featherMask(mask, 20);
  const row = Array.from(wide.data.subarray(0, 300));
  // Symmetric about 150, and the sum of a row stays 60 × 255 but for rounding.
  expect(row.slice(0, 150)).toEqual(row.slice(150).reverse());
  expect(Math.abs(row.reduce((a, b) => a + b, 0) - 60 * 255)).toBeLessThan(60);
  expect(row[99]).toBe(0);
  expect(row[101]).toBeGreaterThanOrEqual(0);
  expect(row.slice(100, 150).every((value, i, all) => i === 0 || value >= (all[i - 1] ?? 0))).toBe(true);
});
