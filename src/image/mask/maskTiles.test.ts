import { expect, it } from 'vitest';
import { createMask } from '../raster';
import { TileIndex } from './maskTiles';

it('knows uniform tiles, smaller ones at the border, and where paint lies', () => {
  const mask = createMask({ width: 10, height: 7 });
  mask.data.fill(255, 0, 4);
  mask.data.fill(255, 10, 14);
  mask.data.fill(255, 20, 24);
  mask.data.fill(255, 30, 34);
  mask.data[5 * 10 + 9] = 3;
  const index = new TileIndex(mask, 4);
  // 3 columns by 2 rows; the last column is 2 wide, the last row 3 high.
  expect([index.columns, index.count]).toEqual([3, 6]);
  expect([0, 1, 2, 3, 4, 5].map((tile) => index.uniform(tile))).toEqual([255, 0, 0, 0, 0, undefined]);
  expect(index.place(5)).toEqual({ x: 8, y: 4, width: 2, height: 3 });
  expect([...index.tilesIn({ x: 3, y: 3, width: 2, height: 2 })]).toEqual([0, 1, 3, 4]);
  expect(index.paintBounds()).toEqual({ x: 0, y: 0, width: 10, height: 6 });
  index.setUniform(0, 0);
  expect(index.paintBounds()).toEqual({ x: 9, y: 5, width: 1, height: 1 });
  mask.data[5 * 10 + 9] = 0;
  index.update(5);
  expect(index.paintBounds()).toMatchObject({ width: 0, height: 0 });
});
