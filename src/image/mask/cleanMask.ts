/**
 * Masks as they are meant: black that is not quite black is black, white that is not quite white is white, and what falls
 * away from a shape is its soft edge. Lossy formats, resampling and screenshots leave a little everywhere, whatever the
 * file is called.
 *
 * What tells a soft edge from noise is that it falls: from the shape outward no value rises, and below {@link FAINT} it
 * continues for about as long as it took to get there. Noise goes up and down, and a background stays.
 */
import type { Size } from '../geometry';
import type { Mask } from '../raster';

/** Below this a value is black unless it hangs on to a shape. */
export const FAINT = 32;
/** From here on a value is a shape's own. */
const FIRM = 128;
/** Above this a value is white where it touches white. */
const NEARLY_WHITE = 223;
/** Where nothing is 255, the whitest counts as white from here on: lossy formats do not always reach it. */
const LOSSY_WHITE = 250;

/** How soft edges are followed below FAINT. */
interface Tails {
  /** Pixels that the edge of a shape may continue, however steep it is. */
  steep: number;
  /** The same if it took `slope` pixels, at least one, from {@link SLOPE_FROM} to FAINT. */
  after(slope: number): number;
  /** By how much a value may rise from one pixel to the next. */
  rise: number;
  /** What is whiter than this has no soft edge beside it: there has to be something between. */
  whitest: number;
}

const SLOPE_FROM = 2 * FAINT;
/** A Gaussian's tail is 3.6 times as long as its slope, and slopes are measured in whole pixels. */
const TAIL_FACTOR = 6;
/** If only soft edges are faint, they are kept to their last pixel: a blur of 1.5 pixels continues for 3. */
const CLEAN: Tails = { steep: 3, after: (slope) => 3 + TAIL_FACTOR * slope, rise: 0, whitest: 255 };
/** Where there is noise, it is on soft edges as well, and most of all beside hard ones. */
const NOISY: Tails = {
  steep: 1,
  after: (slope) => 1 + TAIL_FACTOR * (slope - 1),
  rise: 2,
  whitest: NEARLY_WHITE,
};
/** Values up to this cannot be told from noise, if there is any. A weight of one in a hundred. */
const NOISE = 3;

/**
 * Reads a mask's greys: what is below 32 and no soft edge of a shape (of a value from 128 up) becomes 0, what is above 223
 * and touches white through its like becomes 255; all else stays, but for specks below 64 in noise. A clean mask's soft edges stay down to 1. Time grows with
 * the number of pixels. Cleaning twice changes nothing more.
 * @param mask changed in place
 */
export function cleanMask(mask: Mask): void {
  const { data } = mask;
  const counts = histogram(mask);
  if (total(counts, 1, FAINT - 1) > 0) {
    const floor = floorOf(counts);
    if (floor > 0) sink(data, floor);
    let kept = softEdges(mask, CLEAN);
    if (hasOthers(data, kept)) {
      sink(data, NOISE);
      kept = softEdges(mask, NOISY);
      dropSpecks(mask, kept);
    }
    for (let i = 0; i < data.length; i++) if (kept[i] === 0 && (data[i] ?? 0) < FAINT) data[i] = 0;
  }
  if (total(counts, NEARLY_WHITE + 1, 254) > 0) whiten(mask, counts);
}

function histogram({ data }: Mask): Uint32Array {
  const counts = new Uint32Array(256);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    counts[value] = (counts[value] ?? 0) + 1;
  }
  return counts;
}

function total(counts: Uint32Array, from: number, to: number): number {
  let result = 0;
  for (let value = from; value <= to; value++) result += counts[value] ?? 0;
  return result;
}

/** Values up to `level` become black. */
function sink(data: Uint8Array, level: number): void {
  for (let i = 0; i < data.length; i++) if ((data[i] ?? 0) <= level) data[i] = 0;
}

function hasOthers(data: Uint8Array, kept: Uint16Array): boolean {
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    if (value > 0 && value < FAINT && kept[i] === 0) return true;
  }
  return false;
}

/** The values of a plain background are around its commonest, each at least this share as common. */
const FLOOR_SHARE = 0.25;
/** A gradient has many values; a background's noise does not reach over more than this many. */
const FLOOR_VALUES = 13;
/** A background is more than these shares of what is darker than FAINT, and of the mask. */
const FLOOR_OF_DARK = 0.5;
const FLOOR_OF_ALL = 0.05;

/** A black that is another value than 0 everywhere, noise and all: the largest of its values; 0 if there is none. */
function floorOf(counts: Uint32Array): number {
  let common = 0;
  for (let value = 1; value < FAINT; value++) {
    if ((counts[value] ?? 0) > (counts[common] ?? 0)) common = value;
  }
  if (common === 0) return 0;
  const least = FLOOR_SHARE * (counts[common] ?? 0);
  let [low, high] = [common, common];
  while (low > 1 && (counts[low - 1] ?? 0) >= least) low -= 1;
  while (high < FAINT - 1 && (counts[high + 1] ?? 0) >= least) high += 1;
  const floor = total(counts, low, high);
  const isPlain = high - low < FLOOR_VALUES && floor > FLOOR_OF_DARK * total(counts, 0, FAINT - 1);
  return isPlain && floor > FLOOR_OF_ALL * total(counts, 0, 255) ? high : 0;
}

/**
 * Follows the soft edges of shapes.
 * @returns 0 for pixels below FIRM that belong to no shape
 */
function softEdges(mask: Mask, tails: Tails): Uint16Array {
  const kept = new Uint16Array(mask.data.length);
  markShapes(mask, kept);
  measureSlopes(mask, kept, tails);
  followTails(mask, kept, tails);
  return kept;
}

/** Part of a shape. Only slopes know how far their edge may continue below FAINT: kept as one more than that. */
const SHAPE = 1;

/** Marks what is neither firm nor faint and connected to what is firm, through its like. */
function markShapes(mask: Mask, kept: Uint16Array): void {
  const { data } = mask;
  const around = neighbours(mask);
  const isMiddle = (i: number) => (data[i] ?? 0) >= FAINT && (data[i] ?? 0) < FIRM;
  const open: number[] = [];
  for (let i = 0; i < data.length; i++) {
    if (!isMiddle(i)) continue;
    const { places, count } = around(i);
    for (let n = 0; n < count; n++) {
      if ((data[places[n] ?? 0] ?? 0) < FIRM) continue;
      kept[i] = SHAPE;
      open.push(i);
      break;
    }
  }
  for (let i = open.pop(); i !== undefined; i = open.pop()) {
    const { places, count } = around(i);
    for (let n = 0; n < count; n++) {
      const next = places[n] ?? 0;
      if (kept[next] !== 0 || !isMiddle(next)) continue;
      kept[next] = SHAPE;
      open.push(next);
    }
  }
}

/** Ring by ring from where slopes begin: how far each pixel of them has come. */
function measureSlopes(mask: Mask, kept: Uint16Array, { after, whitest }: Tails): void {
  const { data } = mask;
  const around = neighbours(mask);
  const isSlope = (i: number) => kept[i] === SHAPE && (data[i] ?? 0) < SLOPE_FROM;
  let ring: number[] = [];
  for (let i = 0; i < data.length; i++) {
    if (!isSlope(i)) continue;
    const { places, count } = around(i);
    for (let n = 0; n < count; n++) {
      const above = data[places[n] ?? 0] ?? 0;
      if (above < SLOPE_FROM || above > whitest) continue;
      ring.push(i);
      break;
    }
  }
  const set = (i: number, slope: number) => {
    kept[i] = SHAPE + Math.min(MAX_TAIL, after(slope));
  };
  for (const i of ring) set(i, 1);
  for (let slope = 2; ring.length > 0; slope++) {
    const next: number[] = [];
    for (const i of ring) {
      const { places, count } = around(i);
      for (let n = 0; n < count; n++) {
        const place = places[n] ?? 0;
        if (!isSlope(place)) continue;
        set(place, slope);
        next.push(place);
      }
    }
    ring = next;
  }
}

/** What fits into 16 bits; no image is larger. */
const MAX_TAIL = 0xfffe;

/** From shapes outward as long as nothing rises and the edge may continue; those that may go furthest first. */
function followTails(mask: Mask, kept: Uint16Array, { steep, rise, whitest }: Tails): void {
  const { data } = mask;
  const around = neighbours(mask);
  /** By how many pixels the edge may continue, this one included. */
  const waiting: number[][] = [];
  const give = (i: number, left: number) => {
    if (left <= (kept[i] ?? 0)) return;
    kept[i] = left;
    const same = waiting[left];
    if (same) same.push(i);
    else waiting[left] = [i];
  };
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    if (value === 0 || value >= FAINT) continue;
    const { places, count } = around(i);
    for (let n = 0; n < count; n++) {
      const from = places[n] ?? 0;
      const above = data[from] ?? 0;
      if (above < FAINT || above > whitest || (above < FIRM && kept[from] === 0)) continue;
      give(i, above < SLOPE_FROM ? (kept[from] ?? 0) - SHAPE : steep);
    }
  }
  for (let left = waiting.length - 1; left > 1; left--) {
    const same = waiting[left] ?? [];
    for (let i = same.pop(); i !== undefined; i = same.pop()) {
      // It was reached by a longer way to go meanwhile, and went on from there.
      if (kept[i] !== left) continue;
      const most = Math.min(FAINT - 1, (data[i] ?? 0) + rise);
      const { places, count } = around(i);
      for (let n = 0; n < count; n++) {
        const next = places[n] ?? 0;
        const value = data[next] ?? 0;
        if (value > 0 && value <= most) give(next, left - 1);
      }
    }
  }
}

/** Noise of strong compression reaches above FAINT, in specks of at most this many pixels. */
const SPECK = 4;

/**
 * Specks no brighter than a slope that are connected to no shape become black.
 * @param kept where shapes are marked; the rest that is not faint gets marked here
 */
function dropSpecks(mask: Mask, kept: Uint16Array): void {
  const { data } = mask;
  const around = neighbours(mask);
  const isOther = (i: number) => kept[i] === 0 && (data[i] ?? 0) >= FAINT && (data[i] ?? 0) < FIRM;
  for (let start = 0; start < data.length; start++) {
    if (!isOther(start)) continue;
    const found = [start];
    kept[start] = SHAPE;
    let most = 0;
    for (let next = 0; next < found.length; next++) {
      const i = found[next] ?? 0;
      most = Math.max(most, data[i] ?? 0);
      const { places, count } = around(i);
      for (let n = 0; n < count; n++) {
        const place = places[n] ?? 0;
        if (!isOther(place)) continue;
        kept[place] = SHAPE;
        found.push(place);
      }
    }
    if (found.length <= SPECK && most < SLOPE_FROM) for (const i of found) data[i] = 0;
  }
}

/** Nearly white pixels become white if they are connected to white through nearly white ones. */
function whiten(mask: Mask, counts: Uint32Array): void {
  const { data } = mask;
  const around = neighbours(mask);
  let white = 255;
  while (white > 0 && counts[white] === 0) white -= 1;
  if (white < LOSSY_WHITE) return;
  const isNearly = (i: number) => (data[i] ?? 0) > NEARLY_WHITE && (data[i] ?? 0) < 255;
  const open: number[] = [];
  const raise = (i: number) => {
    data[i] = 255;
    open.push(i);
  };
  for (let i = 0; i < data.length; i++) {
    if (!isNearly(i)) continue;
    if (data[i] === white) {
      raise(i);
      continue;
    }
    const { places, count } = around(i);
    for (let n = 0; n < count; n++) {
      if ((data[places[n] ?? 0] ?? 0) < white) continue;
      raise(i);
      break;
    }
  }
  for (let i = open.pop(); i !== undefined; i = open.pop()) {
    const { places, count } = around(i);
    for (let n = 0; n < count; n++) {
      const next = places[n] ?? 0;
      if (isNearly(next)) raise(next);
    }
  }
}

interface Around {
  /** The first `count` of them; overwritten at each call. */
  places: Int32Array;
  count: number;
}

/** @returns a function that finds the up to eight neighbours of a pixel, by their places in the data */
function neighbours({ width, height }: Size): (i: number) => Around {
  const found: Around = { places: new Int32Array(8), count: 0 };
  const { places } = found;
  return (i) => {
    const x = i % width;
    const isTop = i < width;
    const isBottom = i >= width * (height - 1);
    let count = 0;
    if (x > 0) {
      places[count++] = i - 1;
      if (!isTop) places[count++] = i - width - 1;
      if (!isBottom) places[count++] = i + width - 1;
    }
    if (x < width - 1) {
      places[count++] = i + 1;
      if (!isTop) places[count++] = i - width + 1;
      if (!isBottom) places[count++] = i + width + 1;
    }
    if (!isTop) places[count++] = i - width;
    if (!isBottom) places[count++] = i + width;
    found.count = count;
    return found;
  };
}
