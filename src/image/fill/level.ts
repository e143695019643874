/** The pyramid of all scales, and where its patches lie. */
import type { Size } from '../geometry';
import { HOLE, KNOWN, type Level, VOID } from './scale';
import { byCount, byRows, type Steps } from './stretches';
import { roughnessOf, smoothRoughness } from './texture';

/** No scale has fewer pixels along its shorter side. */
const SHORTEST_SIDE = 24;

/**
 * @param mostScale no scale is coarser than by this factor
 * @returns the scales, finest first, each half as large as the one before, as long as all have what to take from
 */
export function* createPyramid(
  finest: Omit<Level, 'roughness'>,
  radius: number,
  mostScale = Infinity,
): Steps<Level[]> {
  const levels = [{ ...finest, roughness: yield* roughnessOf(finest) }];
  for (let last = levels[0]; last && Math.min(last.width, last.height) >= 2 * SHORTEST_SIDE; ) {
    if (2 ** levels.length > mostScale) break;
    last = yield* halved(last);
    if (!(yield* sourcesOf(last, radius)).includes(1)) break;
    levels.push(last);
  }
  yield* smoothRoughness(levels);
  return levels;
}

/** Averages of 2 × 2 known pixels. A pixel that covers any of the hole belongs to it: nothing of it seeps out. */
export function* halved(level: Level): Steps<Level> {
  const [width, height] = [level.width >> 1, level.height >> 1];
  const colours = new Uint8Array(width * height * 3);
  const kinds = new Uint8Array(width * height);
  const roughness = new Float32Array(width * height * 2);
  const half = { width, height, colours, roughness, kinds };
  yield* byRows(half, (first, end) => {
    for (let y = first; y < end; y++) for (let x = 0; x < width; x++) setHalf(half, level, x, y);
  });
  return half;
}

function setHalf(half: Level, level: Level, x: number, y: number): void {
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
  const to = y * half.width + x;
  half.kinds[to] = hole ? HOLE : known === 4 ? KNOWN : VOID;
  if (known === 0) return;
  half.colours[to * 3] = Math.round(red / known);
  half.colours[to * 3 + 1] = Math.round(green / known);
  half.colours[to * 3 + 2] = Math.round(blue / known);
  half.roughness[to * 2] = across / known;
  half.roughness[to * 2 + 1] = down / known;
}

/**
 * Where patches of known pixels alone are centred.
 * @returns [height × width], 1 where one is
 */
export function* sourcesOf(level: Omit<Level, 'roughness'>, radius: number): Steps<Uint8Array> {
  const { width, height, kinds } = level;
  const unknown = yield* grown(level, kinds, (kind) => kind !== KNOWN, radius);
  const sources = new Uint8Array(width * height);
  yield* byRows(level, (first, end) => {
    for (let y = Math.max(radius, first); y < Math.min(end, height - radius); y++) {
      for (let x = radius; x < width - radius; x++)
        sources[y * width + x] = unknown[y * width + x] === 1 ? 0 : 1;
    }
  });
  return sources;
}

/**
 * The centres of all patches that reach into the hole, row after row.
 * @returns pixels' indices
 */
export function* targetsOf(level: Level, radius: number): Steps<Int32Array> {
  return yield* placesOf(yield* grown(level, level.kinds, (kind) => kind === HOLE, radius));
}

/** @returns the indices of all ones */
export function* placesOf(ones: Uint8Array): Steps<Int32Array> {
  let count = 0;
  yield* byCount(ones.length, (first, end) => {
    for (let i = first; i < end; i++) count += ones[i] ?? 0;
  });
  const places = new Int32Array(count);
  let n = 0;
  yield* byCount(ones.length, (first, end) => {
    for (let i = first; i < end; i++) if (ones[i] === 1) places[n++] = i;
  });
  return places;
}

/** @returns [height × width], 1 where a pixel of the wanted kind is at most `radius` away in x and in y */
function* grown(
  size: Size,
  kinds: Uint8Array,
  wanted: (kind: number) => boolean,
  radius: number,
): Steps<Uint8Array> {
  const { width, height } = size;
  const rows = new Uint8Array(width * height);
  yield* byRows(size, (first, end) => {
    for (let y = first; y < end; y++) {
      for (let x = 0, last = -Infinity; x < width + radius; x++) {
        if (x < width && wanted(kinds[y * width + x] ?? 0)) last = x;
        if (x >= radius && x - last <= 2 * radius) rows[y * width + x - radius] = 1;
      }
    }
  });
  const result = new Uint8Array(width * height);
  const last = new Float64Array(width).fill(-Infinity);
  yield* byRows({ width, height: height + radius }, (first, end) => {
    for (let y = first; y < end; y++) {
      for (let x = 0; x < width; x++) {
        if (y < height && rows[y * width + x] === 1) last[x] = y;
        if (y >= radius && y - (last[x] ?? 0) <= 2 * radius) result[(y - radius) * width + x] = 1;
      }
    }
  });
  return result;
}
