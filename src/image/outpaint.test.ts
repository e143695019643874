import { expect, it } from 'vitest';
import { extendBorder, newParts, placeMask, readBorder } from './outpaint';
import { createMask, createPixels, cropPixels, type Pixels } from './raster';

/** Red numbers the pixels, row after row, ten apart. */
function numbered(width: number, height: number): Pixels {
  const pixels = createPixels({ width, height });
  for (let i = 0; i < width * height; i++) pixels.data.set([i * 10, 7, 0, 255], i * 4);
  return pixels;
}
const borderOf = (pixels: Pixels) => readBorder(pixels, (rect) => cropPixels(pixels, rect));
const reds = ({ data }: Pixels) => [...data].filter((_, i) => i % 4 === 0);

it('reads the loop clockwise from the upper left corner', () => {
  //  0 10 20
  // 30 40 50
  // 60 70 80 : clockwise 0 10 20 50 80 70 60 30
  const { length, sums } = borderOf(numbered(3, 3));
  expect(length).toBe(8);
  // Times an alpha of 255.
  const read = Array.from({ length }, (_, i) => ((sums[(i + 1) * 4] ?? 0) - (sums[i * 4] ?? 0)) / 255);
  expect(read).toEqual([0, 10, 20, 50, 80, 70, 60, 30]);
});

it('carries the edge on and takes the mean of more of it with distance', () => {
  const border = borderOf(numbered(3, 3));
  // One pixel right of the middle row: reach round(0.6) = 1, the mean of 20, 50, 80.
  expect(reds(extendBorder(border, { x: 3, y: 1, width: 1, height: 1 }))).toEqual([50]);
  // Two above the first column: reach round(1.2) = 1, the loop's 30, 0, 10; 13.33 rounds to 13.
  expect(reds(extendBorder(border, { x: 0, y: -2, width: 1, height: 1 }))).toEqual([13]);
  // Far away: as many to both sides as the loop has, (8 − 1) >> 1 = 3: all but the opposite pixel, 320 − 30 = 290 / 7.
  expect(reds(extendBorder(border, { x: 60, y: 1, width: 1, height: 1 }))).toEqual([Math.round(290 / 7)]);
});

it('is opaque where the edge is, and leaves the old picture’s place empty', () => {
  const part = extendBorder(borderOf(numbered(4, 2)), { x: -1, y: -1, width: 6, height: 4 });
  const alphas = [...part.data].filter((_, i) => i % 4 === 3);
  const [full, none] = [255, 0];
  expect(alphas).toEqual([
    ...[full, full, full, full, full, full],
    ...[full, none, none, none, none, full],
    ...[full, none, none, none, none, full],
    ...[full, full, full, full, full, full],
  ]);
});

it('one colour stays that colour, and pictures of one row work', () => {
  const plain = createPixels({ width: 5, height: 1 });
  plain.data.fill(90);
  const part = extendBorder(borderOf(plain), { x: -3, y: -3, width: 11, height: 3 });
  expect(new Set(part.data)).toEqual(new Set([90]));
});

it('carries no colour on from what is transparent', () => {
  const pixels = createPixels({ width: 3, height: 1 });
  pixels.data.set([255, 255, 255, 0, 200, 100, 0, 255, 255, 255, 255, 0]);
  // Reach 1 above the middle: one of three pixels is seen, 255 / 3 of alpha.
  expect([...extendBorder(borderOf(pixels), { x: 1, y: -2, width: 1, height: 1 }).data]).toEqual([
    200, 100, 0, 85,
  ]);
});

it('names the new parts without overlap', () => {
  const parts = newParts({ width: 10, height: 8 }, { x: -2, y: -3, width: 16, height: 11 });
  expect(parts).toEqual([
    { x: -2, y: -3, width: 16, height: 3 },
    { x: -2, y: 0, width: 2, height: 8 },
    { x: 10, y: 0, width: 4, height: 8 },
  ]);
  const area = parts.reduce((sum, { width, height }) => sum + width * height, 0);
  expect(area).toBe(16 * 11 - 10 * 8);
});

it('masks what is new, with an overlap, and keeps the old mask in its place', () => {
  const mask = createMask({ width: 4, height: 3 });
  mask.data[1 * 4 + 2] = 90;
  // Two columns to the right and one row above, one pixel of overlap each; nothing to the left and below.
  const placed = placeMask(mask, { x: 0, y: -1, width: 6, height: 4 }, 1);
  const w = 255;
  expect([...placed.data]).toEqual([
    ...[w, w, w, w, w, w],
    ...[w, w, w, w, w, w],
    ...[0, 0, 90, w, w, w],
    ...[0, 0, 0, w, w, w],
  ]);
  // And back: what is cut off is gone, nothing becomes white.
  expect(placeMask(placed, { x: 0, y: 1, width: 4, height: 3 }, 1)).toMatchObject({ width: 4, height: 3 });
  expect([...placeMask(placed, { x: 0, y: 2, width: 3, height: 2 }, 1).data]).toEqual([0, 0, 90, 0, 0, 0]);
});
