import { expect, it } from 'vitest';
import type { Size } from './geometry';
import { fillMask, maskContents } from './maskContent';
import { createMask, createPixels, type Pixels } from './raster';

/** Dark left half, bright right half; alpha tells pixels apart. */
function halves(width: number, height: number): Pixels {
  const pixels = createPixels({ width, height });
  for (let i = 0; i < width * height; i++) {
    const value = i % width < width / 2 ? 40 : 200;
    pixels.data.set([value, value, value, i % 256], i * 4);
  }
  return pixels;
}

function maskOf(size: Size, covers: (x: number, y: number) => boolean) {
  const mask = createMask(size);
  mask.data.forEach((_, i) => {
    mask.data[i] = covers(i % size.width, Math.floor(i / size.width)) ? 255 : 0;
  });
  return mask;
}
const red = ({ data, width }: Pixels, x: number, y: number) => data[(y * width + x) * 4] ?? -1;

it('changes nothing outside the mask, and no alpha anywhere', async () => {
  const picture = halves(32, 32);
  const mask = maskOf(picture, (x, y) => x > 8 && x < 24 && y > 8 && y < 24);
  for (const content of maskContents) {
    const { data } = await fillMask(picture, mask, content);
    mask.data.forEach((value, i) => {
      expect(data[i * 4 + 3]).toBe(picture.data[i * 4 + 3]);
      if (value === 0) expect(data[i * 4]).toBe(picture.data[i * 4]);
    });
  }
  expect((await fillMask(picture, mask, 'original')).data).toEqual(picture.data);
});

it('blur: three boxes of 2 · 1 + 1 about a single bright pixel', async () => {
  // A longer side of 16 gives a radius of round(16 / 16 / 2) = 1 in x and y. Three boxes of three weigh
  // (1 3 6 7 6 3 1) / 27: the middle keeps (7 / 27)² of 243 = 16.33, its neighbour 7 · 6 / 27² of it = 14.
  const picture = createPixels({ width: 16, height: 16 });
  picture.data[(8 * 16 + 8) * 4] = 243;
  const result = await fillMask(
    picture,
    maskOf(picture, () => true),
    'blur',
  );
  expect([red(result, 8, 8), red(result, 9, 8), red(result, 8, 11), red(result, 8, 12)]).toEqual([
    16, 14, 2, 0,
  ]);
});

it('border: one colour around gives that colour; two give one between, nearer the nearer', async () => {
  const plain = createPixels({ width: 37, height: 21 });
  plain.data.fill(77);
  const inner = maskOf(plain, (x, y) => x > 2 && x < 33 && y > 2 && y < 18);
  expect(new Set((await fillMask(plain, inner, 'border')).data)).toEqual(new Set([77]));

  // What the mask covers has no say: the middle column is bright only there.
  const picture = halves(64, 64);
  for (let y = 16; y < 48; y++) picture.data.fill(255, (y * 64 + 16) * 4, (y * 64 + 48) * 4 - 1);
  const mask = maskOf(picture, (x, y) => x >= 16 && x < 48 && y >= 16 && y < 48);
  const result = await fillMask(picture, mask, 'border');
  const [left, middle, right] = [red(result, 17, 32), red(result, 32, 32), red(result, 46, 32)];
  expect(left).toBeLessThan(80);
  expect(right).toBeGreaterThan(160);
  expect(middle).toBeGreaterThan(left);
  expect(middle).toBeLessThan(right);
});

it('border: grey where all is masked', async () => {
  const picture = halves(8, 8);
  const result = await fillMask(
    picture,
    maskOf(picture, () => true),
    'border',
  );
  expect(red(result, 3, 3)).toBe(128);
});

it('noise: every colour about as often, the same each time', async () => {
  const picture = halves(128, 128);
  const mask = maskOf(picture, () => true);
  const result = await fillMask(picture, mask, 'noise');
  expect((await fillMask(picture, mask, 'noise')).data).toEqual(result.data);
  const values = [...result.data].filter((_, i) => i % 4 !== 3);
  // 49,152 evenly drawn bytes: mean 127.5 ± 0.33, deviation 73.9 ± 0.15 (one sigma).
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  expect(Math.abs(mean - 127.5)).toBeLessThan(1.5);
  expect(Math.abs(deviation - 73.9)).toBeLessThan(1);
  expect(new Set(values).size).toBe(256);
});

it('fill: what is around goes on, crisp; grey where all is masked', async () => {
  const stripes = createPixels({ width: 96, height: 96 });
  for (let i = 0; i < 96 * 96; i++) {
    const value = (i % 96) % 8 < 4 ? 230 : 20;
    stripes.data.set([value, value, value, 255], i * 4);
  }
  const mask = maskOf(stripes, (x, y) => x >= 36 && x < 60 && y >= 36 && y < 60);
  // A soft edge belongs to what is masked.
  mask.data[36 * 96 + 35] = 1;
  const { data } = await fillMask(stripes, mask, 'fill');
  const wrong = mask.data.filter(
    (value, i) => value !== 0 && Math.abs((data[i * 4] ?? 0) - (stripes.data[i * 4] ?? 0)) > 20,
  );
  // Of 577 pixels.
  expect(wrong.length).toBeLessThan(30);
  const all = await fillMask(
    stripes,
    maskOf(stripes, () => true),
    'fill',
  );
  expect(red(all, 10, 10)).toBe(128);
});
