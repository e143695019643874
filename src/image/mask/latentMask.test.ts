import { expect, it } from 'vitest';
import { toLatentMask } from '../../pipeline/latents/vaePixels';
import { createMask, type Mask } from '../raster';
import { showThin } from './latentMask';

const SIZE = { width: 32, height: 24 };

function maskOf(inside: (x: number, y: number) => boolean): Mask {
  const mask = createMask(SIZE);
  for (let y = 0; y < SIZE.height; y++) {
    for (let x = 0; x < SIZE.width; x++) if (inside(x, y)) mask.data[y * SIZE.width + x] = 255;
  }
  return mask;
}

/** What the pipeline makes of it: 4 × 3 latents, row by row. */
const latents = (mask: Mask) => {
  const binary = mask.data.map((value) => (value >= 128 ? 1 : 0));
  return [...toLatentMask(binary, SIZE, 8)];
};

it('a wire between the pixels that a model looks at is seen all along, with room around it', () => {
  // Rows 11 to 13: the model looks at rows 0, 8 and 16.
  const wire = maskOf((x, y) => x >= 3 && x < 27 && y >= 11 && y < 14);
  expect(latents(wire)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  // Five more on each side: rows 6 to 18, columns 0 to 31.
  const shown = showThin(wire);
  expect(latents(shown)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
  expect(shown).toEqual(maskOf((_, y) => y >= 6 && y < 19));
  // A slanting hairline. Within 5 of (16, 0) lies (11, 5), of (24, 16) lies (29, 14); of (0, 8) and (16, 16) nothing.
  const hair = maskOf((x, y) => y === Math.floor(x / 2));
  expect(latents(showThin(hair))).toEqual([1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1]);
  // At the edge: columns 26 to 31, and the pixels at column 24 that are looked at.
  const edge = maskOf((x, y) => x === 31 && y >= 3 && y < 21);
  expect(latents(showThin(edge))).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
});

it('what is wide enough stays as it is, byte for byte', () => {
  const wide = maskOf((x, y) => x >= 5 && x < 21 && y >= 3 && y < 19);
  expect(showThin(wide)).toBe(wide);
  const square = maskOf((x, y) => x >= 5 && x < 13 && y >= 3 && y < 11);
  expect(showThin(square)).toBe(square);
  expect(showThin(createMask(SIZE))).toEqual(createMask(SIZE));
  // A wire that hangs from the square: only what no square reaches into is helped, columns 16 to 31 of rows 9 and 10; grown,
  // columns 11 to 31 of rows 4 to 15.
  const both = maskOf((x, y) => (x >= 5 && x < 13 && y >= 3 && y < 11) || (x >= 13 && y >= 9 && y < 11));
  const shown = showThin(both);
  expect(latents(shown)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0]);
});
