/**
 * The hole as a jigsaw: each of its pixels is copied from a shift away, and shifts are chosen so that neighbours with
 * different ones meet where it does not show (Pritch, Kav-Venaki and Peleg, "Shift-Map Image Editing", 2009; the choice by
 * expansion moves: Boykov, Veksler and Zabih, "Fast Approximate Energy Minimization via Graph Cuts", 2001).
 * Whole pieces are copied, texture and all, where votes alone would drift to what is smooth.
 */
import type { Matches } from './matches';
import { minCut } from './minCut';
import { allows, type Outward } from './outward';
import type { Draw } from './random';
import { HOLE, KNOWN, type Level } from './scale';
import type { Steps } from './stretches';

/** By so many pixels of a scale the source lies to the right and below. */
export interface Shift {
  dx: number;
  dy: number;
}

/** What it costs, in levels of colour, to meet a pixel that is not known: more than any colour differs. */
const UNKNOWN_COST = 500;
/** Of a source that does not exist; no seam is as dear. */
const FORBIDDEN = 1e6;
/** How much the mean difference over the known part of a patch counts. */
const RIM_COUNT = 3;
/** What a shift across the whole image costs: of pieces that fit alike the nearer one is taken. */
const FAR_COST = 10;
/** How much it counts that a source is rougher or smoother than what surrounds the hole. */
const ROUGH_COUNT = 0.5;
/** What a seam costs even where nothing shows: pieces are large. */
const SEAM_COST = 2;
/** How much a seam's broken differences count beside its differing colours. */
const BREAK_COUNT = 1;
/** What a shift costs everywhere, drawn for each up to this: of what fits about alike each seed takes another. */
const MOST_LIKING = 3;
const LIKING_STEPS = 1000;
/** Rounds through all shifts; what is gained after these is little. */
const MOST_ROUNDS = 2;

interface Jigsaw {
  level: Level;
  sources: Uint8Array;
  outward: Outward | null;
  /** How rough the hole is likely to be. [height × width × 3], two used */
  expected: Float32Array;
  /** The hole's pixels. */
  pixels: Int32Array;
  /** Of each of them right, left, below and above, −1 where it is not of the hole. [pixels × 4] */
  neighbours: Int32Array;
  /** Pixels near which the hole begins, and how often each counts for which of the hole's. */
  rim: Rim;
  /** Chosen shifts. [pixels] */
  dx: Int32Array;
  dy: Int32Array;
  /** What they cost alone. [pixels] */
  own: Float32Array;
}

interface Rim {
  /** Known pixels in patches of the hole's. */
  pixels: Int32Array;
  /** For hole pixel i entries starts[i] to below starts[i + 1] of `which` and `counts`. */
  starts: Int32Array;
  which: Int32Array;
  counts: Float32Array;
}

/** Chooses among `shifts` and those of `matches`, and copies accordingly. Yields after a few milliseconds each. */
export function* choose(
  matches: Matches,
  shifts: readonly Shift[],
  expected: Float32Array,
  draw: Draw,
): Steps {
  const jigsaw = createJigsaw(matches, expected);
  const { pixels } = jigsaw;
  const { width } = jigsaw.level;
  pixels.forEach((pixel, i) => {
    const source = matches.nearest[pixel] ?? 0;
    jigsaw.dx[i] = (source % width) - (pixel % width);
    jigsaw.dy[i] = Math.floor(source / width) - Math.floor(pixel / width);
  });
  const scratch = new Float32Array(jigsaw.rim.pixels.length);
  pixels.forEach((_, i) => {
    jigsaw.own[i] = ownCost(jigsaw, i, jigsaw.dx[i] ?? 0, jigsaw.dy[i] ?? 0);
  });
  yield 0;
  const likings = new Map(shifts.map((shift) => [shift, (draw(LIKING_STEPS) * MOST_LIKING) / LIKING_STEPS]));
  let [left, done] = [[...shifts], 0];
  for (let round = 0; round < MOST_ROUNDS && left.length > 0; round++) {
    const useful: Shift[] = [];
    for (const shift of left) {
      if (yield* expand(jigsaw, shift, likings.get(shift) ?? 0, scratch)) useful.push(shift);
      yield Math.min(1, ++done / (shifts.length * MOST_ROUNDS));
    }
    left = useful;
  }
  copy(jigsaw, matches);
}

function createJigsaw({ level, targets, sources, radius, outward }: Matches, expected: Float32Array): Jigsaw {
  const { width, height, kinds } = level;
  const pixels = targets.filter((target) => kinds[target] === HOLE);
  const nodes = new Int32Array(width * height).fill(-1);
  pixels.forEach((pixel, i) => {
    nodes[pixel] = i;
  });
  const neighbours = new Int32Array(4 * pixels.length).fill(-1);
  const rimOf = new Int32Array(width * height).fill(-1);
  const rim: number[] = [];
  const [starts, which, counts] = [new Int32Array(pixels.length + 1), [] as number[], [] as number[]];
  const side = 2 * radius + 1;
  pixels.forEach((pixel, i) => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    if (x + 1 < width) neighbours[4 * i] = nodes[pixel + 1] ?? -1;
    if (x > 0) neighbours[4 * i + 1] = nodes[pixel - 1] ?? -1;
    if (y + 1 < height) neighbours[4 * i + 2] = nodes[pixel + width] ?? -1;
    if (y > 0) neighbours[4 * i + 3] = nodes[pixel - width] ?? -1;
    for (let down = -radius; down <= radius; down++) {
      if (y + down < 0 || y + down >= height) continue;
      for (let across = -radius; across <= radius; across++) {
        if (x + across < 0 || x + across >= width) continue;
        const near = pixel + down * width + across;
        if (kinds[near] !== KNOWN) continue;
        if (rimOf[near] === -1) rimOf[near] = rim.push(near) - 1;
        which.push(rimOf[near] ?? 0);
        // A seam right here has two sides.
        counts.push(RIM_COUNT / side + (Math.abs(down) + Math.abs(across) === 1 ? 2 : 0));
      }
    }
    starts[i + 1] = which.length;
  });
  return {
    level,
    sources,
    outward,
    pixels,
    neighbours,
    expected,
    rim: {
      pixels: Int32Array.from(rim),
      starts,
      which: Int32Array.from(which),
      counts: Float32Array.from(counts),
    },
    dx: new Int32Array(pixels.length),
    dy: new Int32Array(pixels.length),
    own: new Float32Array(pixels.length),
  };
}

/** Where a pixel would be copied from, −1 if that is not known. */
function sourceAt({ width, height, kinds }: Level, pixel: number, dx: number, dy: number): number {
  const x = (pixel % width) + dx;
  const source = pixel + dy * width + dx;
  if (x < 0 || x >= width || source < 0 || source >= width * height || kinds[source] !== KNOWN) return -1;
  return source;
}

function unlike(colours: Uint8Array, a: number, b: number): number {
  const red = (colours[3 * a] ?? 0) - (colours[3 * b] ?? 0);
  const green = (colours[3 * a + 1] ?? 0) - (colours[3 * b + 1] ?? 0);
  const blue = (colours[3 * a + 2] ?? 0) - (colours[3 * b + 2] ?? 0);
  return Math.sqrt(red * red + green * green + blue * blue);
}

function rimCost({ level, rim }: Jigsaw, at: number, dx: number, dy: number): number {
  const pixel = rim.pixels[at] ?? 0;
  const source = sourceAt(level, pixel, dx, dy);
  return source < 0 ? UNKNOWN_COST : unlike(level.colours, pixel, source);
}

/** What the shift costs pixel `i` by itself: where it lies, and how it fits what is known around it. */
function ownCost(jigsaw: Jigsaw, i: number, dx: number, dy: number): number {
  const { rim } = jigsaw;
  let cost = placeCost(jigsaw, i, dx, dy);
  if (cost === FORBIDDEN) return cost;
  for (let k = rim.starts[i] ?? 0; k < (rim.starts[i + 1] ?? 0); k++) {
    cost += (rim.counts[k] ?? 0) * rimCost(jigsaw, rim.which[k] ?? 0, dx, dy);
  }
  return cost;
}

function placeCost(
  { level, pixels, sources, outward, expected }: Jigsaw,
  i: number,
  dx: number,
  dy: number,
): number {
  const pixel = pixels[i] ?? 0;
  const source = sourceAt(level, pixel, dx, dy);
  if (source < 0 || sources[source] !== 1) return FORBIDDEN;
  if (outward && !allows(outward, pixel, source)) return FORBIDDEN;
  const rough =
    Math.abs((expected[3 * pixel] ?? 0) - (level.roughness[2 * source] ?? 0)) +
    Math.abs((expected[3 * pixel + 1] ?? 0) - (level.roughness[2 * source + 1] ?? 0));
  return ROUGH_COUNT * rough + (FAR_COST * Math.hypot(dx, dy)) / Math.hypot(level.width, level.height);
}

/** What the seam between two neighbours costs if the one has shift a and the other b. */
function seamCost(
  level: Level,
  p: number,
  q: number,
  ax: number,
  ay: number,
  bx: number,
  by: number,
): number {
  if (ax === bx && ay === by) return 0;
  const { colours } = level;
  const pa = sourceAt(level, p, ax, ay);
  const pb = sourceAt(level, p, bx, by);
  const qa = sourceAt(level, q, ax, ay);
  const qb = sourceAt(level, q, bx, by);
  if (pa < 0 || pb < 0 || qa < 0 || qb < 0) return SEAM_COST + UNKNOWN_COST;
  let breaks = 0;
  for (let c = 0; c < 3; c++) {
    const broken =
      (colours[3 * pa + c] ?? 0) -
      (colours[3 * qa + c] ?? 0) -
      (colours[3 * pb + c] ?? 0) +
      (colours[3 * qb + c] ?? 0);
    breaks += broken * broken;
  }
  return SEAM_COST + unlike(colours, pa, pb) + unlike(colours, qa, qb) + BREAK_COUNT * Math.sqrt(breaks);
}

/** Gives the shift to those pixels for which that makes the whole cheaper. @returns whether there were any */
function* expand(
  jigsaw: Jigsaw,
  { dx, dy }: Shift,
  liking: number,
  differences: Float32Array,
): Steps<boolean> {
  const { level, pixels, neighbours, rim, own } = jigsaw;
  const count = pixels.length;
  for (let at = 0; at < differences.length; at++) differences[at] = rimCost(jigsaw, at, dx, dy);
  const theirs = new Float32Array(count);
  let isPossible = false;
  for (let i = 0; i < count; i++) {
    let cost = placeCost(jigsaw, i, dx, dy);
    if (cost !== FORBIDDEN) {
      isPossible = true;
      const end = rim.starts[i + 1] ?? 0;
      for (let k = rim.starts[i] ?? 0; k < end; k++)
        cost += (rim.counts[k] ?? 0) * (differences[rim.which[k] ?? 0] ?? 0);
    }
    theirs[i] = cost === FORBIDDEN ? cost : cost + liking;
  }
  if (!isPossible) return false;
  const terminals = new Float32Array(count);
  const capacities = new Float32Array(4 * count);
  for (let i = 0; i < count; i++) {
    terminals[i] = (terminals[i] ?? 0) + (theirs[i] ?? 0) - (own[i] ?? 0);
    const [ix, iy] = [jigsaw.dx[i] ?? 0, jigsaw.dy[i] ?? 0];
    for (let d = 0; d < 4; d += 2) {
      const j = neighbours[4 * i + d] ?? -1;
      if (j < 0) continue;
      const [p, q] = [pixels[i] ?? 0, pixels[j] ?? 0];
      const [jx, jy] = [jigsaw.dx[j] ?? 0, jigsaw.dy[j] ?? 0];
      const neither = seamCost(level, p, q, ix, iy, jx, jy);
      let second = seamCost(level, p, q, ix, iy, dx, dy);
      let first = seamCost(level, p, q, dx, dy, jx, jy);
      // Not a metric where a source is not known: raised as far as a cut can express it.
      const lacking = neither - first - second;
      if (lacking > 0) {
        first += lacking / 2;
        second += lacking / 2;
      }
      terminals[i] = (terminals[i] ?? 0) + first - neither;
      terminals[j] = (terminals[j] ?? 0) - first;
      capacities[4 * i + d] = Math.max(0, first + second - neither);
    }
  }
  const sides = yield* minCut(neighbours, capacities, terminals);
  let changes = false;
  for (let i = 0; i < count; i++) {
    if (sides[i] === 0 || theirs[i] === FORBIDDEN || (jigsaw.dx[i] === dx && jigsaw.dy[i] === dy)) continue;
    jigsaw.dx[i] = dx;
    jigsaw.dy[i] = dy;
    own[i] = theirs[i] ?? 0;
    changes = true;
  }
  return changes;
}

/** Colours the hole by the chosen shifts; patches around it take the nearest shift that they can. */
function copy({ level, pixels, dx, dy }: Jigsaw, { nearest, targets, sources, radius }: Matches): void {
  const { width, height, colours, roughness, kinds } = level;
  pixels.forEach((pixel, i) => {
    const source = pixel + (dy[i] ?? 0) * width + (dx[i] ?? 0);
    nearest[pixel] = source;
    for (let c = 0; c < 3; c++) colours[3 * pixel + c] = colours[3 * source + c] ?? 0;
    for (let c = 0; c < 2; c++) roughness[2 * pixel + c] = roughness[2 * source + c] ?? 0;
  });
  for (const target of targets) {
    if (kinds[target] === HOLE) continue;
    const [x, y] = [target % width, Math.floor(target / width)];
    let least = Infinity;
    for (let down = -radius; down <= radius; down++) {
      if (y + down < 0 || y + down >= height) continue;
      for (let across = -radius; across <= radius; across++) {
        if (x + across < 0 || x + across >= width) continue;
        const distance = down * down + across * across;
        const beside = target + down * width + across;
        if (kinds[beside] !== HOLE || distance >= least) continue;
        const from = nearest[beside] ?? 0;
        const source = sourceAt(
          level,
          target,
          (from % width) - x - across,
          Math.floor(from / width) - y - down,
        );
        if (source < 0 || sources[source] !== 1) continue;
        nearest[target] = source;
        least = distance;
      }
    }
  }
}
