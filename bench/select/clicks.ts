/** Places in photographs and the hand-drawn outline of the thing that is meant there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { SelectionRequest } from '../../src/contract/assist';
import { type Point, rectOfSize } from '../../src/image/geometry';
import type { Pixels } from '../../src/image/raster';

export interface Click {
  image: string;
  thing: string;
  at: Point;
  outline: readonly Point[];
}

export interface ClickSet {
  clicks: Click[];
  /** Decoded, at the size that the outlines are for. */
  images: ReadonlyMap<string, Pixels>;
}

interface SetFile {
  longerSide?: number;
  images: Record<string, Record<string, { outline: string; clicks: string }>>;
}

/** @param folders searched for the images, with all that is in them */
export async function readClicks(file: string, folders: readonly string[]): Promise<ClickSet> {
  const { images: things, longerSide } = JSON.parse(readFileSync(file, 'utf8')) as SetFile;
  const images = new Map<string, Pixels>();
  for (const name of Object.keys(things)) images.set(name, await decode(pathOf(name, folders), longerSide));
  const clicks = Object.entries(things).flatMap(([image, each]) =>
    Object.entries(each).flatMap(([thing, { outline, clicks }]) =>
      points(clicks).map((at) => ({ image, thing, at, outline: points(outline) })),
    ),
  );
  return { clicks, images };
}

function points(text: string): Point[] {
  return text.split(' ').map((pair) => {
    const [x = 0, y = 0] = pair.split(',').map(Number);
    return { x, y };
  });
}

function pathOf(name: string, folders: readonly string[]): string {
  for (const folder of folders) {
    const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
    const found = files.find((file) => file === name || file.endsWith(`/${name}`));
    if (found !== undefined) return join(folder, found);
  }
  throw new Error(`${name} is in none of ${folders.join(', ')}`);
}

async function decode(path: string, longerSide: number | undefined): Promise<Pixels> {
  const source = sharp(path).toColourspace('srgb').ensureAlpha();
  const scaled = longerSide
    ? source.resize(longerSide, longerSide, { fit: 'inside', withoutEnlargement: true })
    : source;
  const { data, info } = await scaled.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
}

/** One press, with the whole image in sight. */
export function pressAt({ at }: Click, image: Pixels): SelectionRequest {
  return { points: [{ ...at, include: true }], view: rectOfSize(image), refines: false, grow: 0 };
}
