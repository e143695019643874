/** Grids of fills to look at, with and without their names. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Mask, Pixels } from '../../src/image/raster';
import { mulberry32, SCENE_SIDE } from './scenes';

export interface Column {
  name: string;
  filled: readonly Pixels[];
}

/** The committed grid shows every so many-th scene, at half size. */
const EVERY = 4;
const SMALL = SCENE_SIDE / 2;

export async function readImage(file: string): Promise<Pixels> {
  const { data, info } = await sharp(file).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
}

export async function saveImage(file: string, { width, height, data }: Pixels): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .png()
    .toFile(file);
}

export async function saveMask(file: string, { width, height, data }: Mask): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(file);
}

/** One row for every fourth scene. */
export async function writeGrid(file: string, columns: readonly Column[]): Promise<void> {
  const count = columns[0]?.filled.length ?? 0;
  const rows = Array.from({ length: Math.ceil(count / EVERY) }, (_, i) =>
    columns.map((column) => column.filled[i * EVERY]),
  );
  await compose(file, rows, SMALL);
}

/** All scenes: the hole, then the columns in an order that is drawn anew for each row and kept in `blind-key.json`. */
export async function writeBlindGrid(
  folder: string,
  holes: readonly Pixels[],
  columns: readonly Column[],
  seed: number,
): Promise<void> {
  const random = mulberry32(seed + 1000);
  const key: string[][] = [];
  const rows = holes.map((hole, i) => {
    const order = columns.map((column) => ({ column, at: random() })).sort((a, b) => a.at - b.at);
    key.push(order.map(({ column }) => column.name));
    return [hole, ...order.map(({ column }) => column.filled[i])];
  });
  await compose(join(folder, 'blind.png'), rows, SCENE_SIDE);
  writeFileSync(join(folder, 'blind-key.json'), JSON.stringify(key));
}

async function compose(file: string, rows: readonly (Pixels | undefined)[][], side: number): Promise<void> {
  const tiles = await Promise.all(
    rows.flatMap((row, y) =>
      row.flatMap((pixels, x) =>
        pixels
          ? [
              sharp(pixels.data, { raw: { width: pixels.width, height: pixels.height, channels: 4 } })
                .resize(side, side)
                .png()
                .toBuffer()
                .then((input) => ({ input, left: x * side, top: y * side })),
            ]
          : [],
      ),
    ),
  );
  const width = side * Math.max(...rows.map((row) => row.length));
  await sharp({ create: { width, height: side * rows.length, channels: 3, background: '#000' } })
    .composite(tiles)
    // By the file's ending.
    .toFile(file);
}
