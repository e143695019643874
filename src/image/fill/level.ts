/** The pyramid of all scales, and where its patches lie. */
import type { Size } from '../geometry';
import { HOLE, KNOWN, type Level, VOID } from './scale';
import { roughnessOf, smoothRoughness } from './texture';

/** No scale has fewer pixels along its shorter side. */
const SHORTEST_SIDE = 24;

/**
 * @param mostScale no scale is coarser than by this factor
 * @returns the scales, finest first, each half as large as the one before, as long as all have what to take from
 */
export function createPyramid(
  finest: Omit<Level, 'roughness'>,
  radius: number,
  mostScale = Infinity,
): Level[] {
  const levels = [{ ...finest, roughness: roughnessOf(finest) }];
  for (let last = levels[0]; last && Math.min(last.width, last.height) >= 2 * SHORTEST_SIDE; ) {
    if (2 ** levels.length > mostScale) break;
    last = halved(last);
    if (!sourcesOf(last, radius).includes(1)) break;
    levels.push(last);
  }
  smoothRoughness(levels);
  return levels;
}

/** Averages of 2 × 2 known pixels. A pixel that covers any of the hole belongs to it: nothing of it seeps out. */
export function halved(level: Level): Level {
  const [width, height] = [level.width >> 1, level.height >> 1];
  const colours = new Uint8Array(width * height * 3);
  const kinds = new Uint8Array(width * height);
  const roughness = new Float32Array(width * height * 2);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const first = 2 * y * level.width + 2 * x;
      let [red, green, blue, across, down, known, hole] = [0, 0, 0, 0, 0, 0, false];
      for (let i = 0; i < 4; i++) {
        const at = first + (i & 1) + (i >> 1) * level.width;
        if (level.kinds[at] === HOLE) hole = true;
        if (level.kinds[at] !== KNOWN) continue;
        red += level.colours[at * 3] ?? 0;
        green += level.colours[at * 3 + 1] ?? 0;
        blue += level.colours[at * 3 + 2] ?? 0;
        across += level.roughness[at * 2] ?? 0;
        down += level.roughness[at * 2 + 1] ?? 0;
        known++;
      }
      const to = y * width + x;
      kinds[to] = hole ? HOLE : known === 4 ? KNOWN : VOID;
      if (known === 0) continue;
      colours[to * 3] = Math.round(red / known);
      colours[to * 3 + 1] = Math.round(green / known);
      colours[to * 3 + 2] = Math.round(blue / known);
      roughness[to * 2] = across / known;
      roughness[to * 2 + 1] = down / known;
    }
  }
  return { width, height, colours, roughness, kinds };
}

/**
 * Where patches of known pixels alone are centred.
 * @returns [height × width], 1 where one is
 */
export function sourcesOf({ width, height, kinds }: Omit<Level, 'roughness'>, radius: number): Uint8Array {
  const unknown = grown({ width, height }, kinds, (kind) => kind !== KNOWN, radius);
  const sources = new Uint8Array(width * height);
  for (let y = radius; y < height - radius; y++) {
    for (let x = radius; x < width - radius; x++)
      sources[y * width + x] = unknown[y * width + x] === 1 ? 0 : 1;
  }
  return sources;
}

/**
 * The centres of all patches that reach into the hole, row after row.
 * @returns pixels' indices
 */
export function targetsOf({ width, height, kinds }: Level, radius: number): Int32Array {
  const near = grown({ width, height }, kinds, (kind) => kind === HOLE, radius);
  const targets = new Int32Array(near.reduce((sum, one) => sum + one, 0));
  for (let i = 0, n = 0; i < near.length; i++) if (near[i] === 1) targets[n++] = i;
  return targets;
}

/** @returns [height × width], 1 where a pixel of the wanted kind is at most `radius` away in x and in y */
function grown(size: Size, kinds: Uint8Array, wanted: (kind: number) => boolean, radius: number): Uint8Array {
  const { width, height } = size;
  const rows = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0, last = -Infinity; x < width + radius; x++) {
      if (x < width && wanted(kinds[y * width + x] ?? 0)) last = x;
      if (x >= radius && x - last <= 2 * radius) rows[y * width + x - radius] = 1;
    }
  }
  const result = new Uint8Array(width * height);
  const last = new Float64Array(width).fill(-Infinity);
  for (let y = 0; y < height + radius; y++) {
    for (let x = 0; x < width; x++) {
      if (y < height && rows[y * width + x] === 1) last[x] = y;
      if (y >= radius && y - (last[x] ?? 0) <= 2 * radius) result[(y - radius) * width + x] = 1;
    }
  }
  return result;
}
