import { expect, it } from 'vitest';
import { createMask, type Pixels } from '../../image/raster';
import { drawOverlay } from './overlay';

const alphas = (pixels: Pixels) =>
  Array.from({ length: pixels.data.length / 4 }, (_, i) => pixels.data[i * 4 + 3]);

it('solid: opaque where the mask is white, at 2:1', () => {
  const mask = createMask({ width: 2, height: 1 });
  mask.data[1] = 255;
  const style = { color: [255, 0, 0], opacity: 0.5, fill: 'solid', pixelRatio: 1 } as const;
  const pixels = drawOverlay(mask, { scale: 2, x: 1, y: 0 }, { x: 0, y: 0, width: 6, height: 2 }, style);
  // Pixel 1 of the mask lies at 1 + 2 = 3 to 5.
  expect(alphas(pixels)).toEqual([0, 0, 0, 255, 255, 0, 0, 0, 0, 255, 255, 0]);
});

it('solid: a view pixel half covered is half opaque', () => {
  const mask = createMask({ width: 4, height: 2 });
  mask.data[0] = 255;
  mask.data[4] = 255;
  const style = { color: [255, 0, 0], opacity: 0.5, fill: 'solid', pixelRatio: 1 } as const;
  const pixels = drawOverlay(mask, { scale: 0.5, x: 0, y: 0 }, { x: 0, y: 0, width: 2, height: 1 }, style);
  // 2 of 4 samples: 2 × 63.75 = 127.5
  expect(alphas(pixels)).toEqual([128, 0]);
});

it('outline: the rim alone; a part drawn alone equals that part of the whole', () => {
  const mask = createMask({ width: 40, height: 40 });
  for (let y = 10; y < 30; y++) mask.data.fill(255, y * 40 + 10, y * 40 + 30);
  const style = { color: [255, 0, 0], opacity: 0.5, fill: 'outline', pixelRatio: 1 } as const;
  const view = { scale: 1, x: 0, y: 0 };
  const whole = drawOverlay(mask, view, { x: 0, y: 0, width: 40, height: 40 }, style);
  // Row 20: the outline is round(1.75) = 2 pixels wide.
  const row = alphas(whole).slice(20 * 40, 21 * 40);
  expect(row.map((a) => Number(Boolean(a))).join('')).toBe(
    `${'0'.repeat(10)}11${'0'.repeat(16)}11${'0'.repeat(10)}`,
  );
  const part = drawOverlay(mask, view, { x: 5, y: 20, width: 30, height: 1 }, style);
  expect(alphas(part)).toEqual(row.slice(5, 35));
});

it('hatched: soft values are as transparent as they are soft; alone: the mask itself', () => {
  const mask = createMask({ width: 3, height: 1 });
  mask.data.set([100, 0, 40]);
  const style = { color: [200, 100, 50], opacity: 0.5, fill: 'hatched', pixelRatio: 1 } as const;
  const view = { scale: 1, x: 0, y: 0 };
  const region = { x: 0, y: 0, width: 3, height: 1 };
  // Both lie in the first stripe: 0.5 × 1.16 of 100 and of 40; under 128 there is no outline.
  expect([...drawOverlay(mask, view, region, style).data]).toEqual([
    ...[200, 100, 50, 58],
    ...[0, 0, 0, 0],
    ...[200, 100, 50, 23],
  ]);
  expect([...drawOverlay(mask, view, region, { ...style, fill: 'maskOnly' }).data]).toEqual([
    ...[100, 100, 100, 255],
    ...[0, 0, 0, 255],
    ...[40, 40, 40, 255],
  ]);
});
