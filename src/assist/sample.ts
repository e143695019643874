/** Reading a grid of logits at any place of the part of the image that it covers. */
import type { Rect } from '../image/geometry';
import type { Logits } from './segmenter';

/** Values of a grid between its cells, bilinear, and continued beyond its border. */
export interface GridReader {
  /** Cells per pixel. */
  readonly acrossPixel: number;
  readonly downPixel: number;
  /** @param x @param y a pixel's corner in the image: its middle is half a pixel further */
  at(x: number, y: number): number;
}

/** @param frame the part of the image that the grid covers, in image pixels */
export function readGrid({ data, width, height, across, down }: Logits, frame: Rect): GridReader {
  const acrossPixel = across / frame.width;
  const downPixel = down / frame.height;
  const lastColumn = Math.min(width, Math.ceil(across)) - 1;
  const lastRow = Math.min(height, Math.ceil(down)) - 1;
  return {
    acrossPixel,
    downPixel,
    at(x, y) {
      const column = Math.min(lastColumn, Math.max(0, (x + 0.5 - frame.x) * acrossPixel - 0.5));
      const row = Math.min(lastRow, Math.max(0, (y + 0.5 - frame.y) * downPixel - 0.5));
      const left = Math.floor(column);
      const top = Math.floor(row);
      const right = Math.min(lastColumn, left + 1);
      const bottom = Math.min(lastRow, top + 1);
      const u = column - left;
      const v = row - top;
      const above = (data[top * width + left] ?? 0) * (1 - u) + (data[top * width + right] ?? 0) * u;
      const below = (data[bottom * width + left] ?? 0) * (1 - u) + (data[bottom * width + right] ?? 0) * u;
      return above * (1 - v) + below * v;
    },
  };
}
