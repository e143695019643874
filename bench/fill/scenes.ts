/** Scenes to score a fill on: squares of photographs, and a hole in each whose true content is known. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import sharp from 'sharp';
import { createMask, cropPixels, type Mask, type Pixels } from '../../src/image/raster';

export const SCENE_SIDE = 256;
/** Of the photographs' longer side, in pixels: a scene shows a part of them, then nearly the whole. */
const SCALES = [1400, 480] as const;
const SOURCES = new URL('../../tools/starter/sources.py', import.meta.url);

export interface Scene {
  name: string;
  truth: Pixels;
  hole: Mask;
}

/**
 * The photographs that are kept apart for evaluation: training of the starter model never saw them, and this list is the
 * training's own.
 */
export function evaluationNames(): string[] {
  const list = /^EVALUATION = \(([^)]*)\)/m.exec(readFileSync(SOURCES, 'utf8'))?.[1];
  if (!list) throw new Error('tools/starter/sources.py has no list EVALUATION');
  return [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? '');
}

/** @returns name → file, of the evaluation's photographs that the folders hold, in the list's order */
export function findPhotographs(folders: readonly string[]): Map<string, string> {
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(
        (entry) => entry.isFile() && ['.jpg', '.jpeg', '.png'].includes(extname(entry.name).toLowerCase()),
      )
      .map((entry) => join(entry.parentPath, entry.name))
      .sort(),
  );
  const found = new Map<string, string>();
  for (const name of evaluationNames()) {
    // Wallpapers of Plasma are named by a folder (NAME/contents/images/WxH.jpg), all others by the file.
    const file = files.findLast((path) =>
      path.includes('/contents/')
        ? path.includes(`/${name}/contents/images/`) && !basename(path).startsWith('1080x')
        : basename(path, extname(path)) === name,
    );
    if (file && statSync(file).size > 0) found.set(name, file);
  }
  return found;
}

/** @param longerSide pixels; a smaller photograph stays as it is, unless `enlarges` */
export async function readPhotograph(file: string, longerSide: number, enlarges = false): Promise<Pixels> {
  const { data, info } = await sharp(file, { limitInputPixels: false })
    .resize({ width: longerSide, height: longerSide, fit: 'inside', withoutEnlargement: !enlarges })
    .flatten({ background: '#5a6e82' })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
}

/** Two scales of each photograph, two holes at each: an ellipse and a bent stroke, at places drawn from `seed`. */
export async function cutScenes(photographs: Map<string, string>, seed: number): Promise<Scene[]> {
  const scenes: Scene[] = [];
  const random = mulberry32(seed);
  for (const [name, file] of photographs) {
    for (const scale of SCALES) {
      const photograph = await readPhotograph(file, scale);
      for (const shape of ['ellipse', 'stroke'] as const) {
        const side = Math.min(SCENE_SIDE, photograph.width, photograph.height);
        const x = Math.floor(random() * (photograph.width - side + 1));
        const y = Math.floor(random() * (photograph.height - side + 1));
        const truth = cropPixels(photograph, { x, y, width: side, height: side });
        scenes.push({ name: `${name} ${scale} ${shape}`, truth, hole: holeOf(shape, side) });
      }
    }
  }
  return scenes;
}

/** An ellipse of 110 × 110 pixels, or a bent stroke of 34 pixels, as of a thing or a pole that is taken away. */
function holeOf(shape: 'ellipse' | 'stroke', side: number): Mask {
  const mask = createMask({ width: side, height: side });
  const bends = [
    [60, 70],
    [130, 150],
    [200, 160],
  ] as const;
  for (let i = 0; i < mask.data.length; i++) {
    const x = (i % side) + 0.5;
    const y = Math.floor(i / side) + 0.5;
    const isInside =
      shape === 'ellipse'
        ? Math.hypot(x - 125, y - 135) <= 55
        : Math.min(toSegment(x, y, bends[0], bends[1]), toSegment(x, y, bends[1], bends[2])) <= 17;
    if (isInside) mask.data[i] = 255;
  }
  return mask;
}

/** Distance of (x, y) from a line's piece between two points, in pixels. */
function toSegment(
  x: number,
  y: number,
  [ax, ay]: readonly [number, number],
  [bx, by]: readonly [number, number],
) {
  const along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}

/** Tommy Ettinger's generator of 32 bits, public domain: the same scenes everywhere. @returns draws of [0, 1) */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
