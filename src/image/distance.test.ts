import { expect, it } from 'vitest';
import { insideDistance } from './distance';
import { createMask } from './raster';

it('equals the distance found by trying every pair', () => {
  const mask = createMask({ width: 23, height: 17 });
  let seed = 7;
  for (let i = 0; i < mask.data.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    mask.data[i] = seed >>> 28 > 1 ? 255 : 0;
  }
  const area = { x: 2, y: 1, width: 20, height: 15 };
  const found = insideDistance(mask, area);
  for (let y = 0; y < area.height; y++) {
    for (let x = 0; x < area.width; x++) {
      let best = Infinity;
      for (let v = 0; v < area.height; v++) {
        for (let u = 0; u < area.width; u++) {
          if (mask.data[(v + area.y) * mask.width + u + area.x] === 0)
            best = Math.min(best, Math.hypot(u - x, v - y));
        }
      }
      expect(found[y * area.width + x]).toBeCloseTo(best, 5);
    }
  }
});

it('is far everywhere in a white mask', () => {
  const mask = createMask({ width: 4, height: 4 });
  mask.data.fill(255);
  expect(Math.min(...insideDistance(mask, { x: 0, y: 0, width: 4, height: 4 }))).toBeGreaterThanOrEqual(1e6);
});
