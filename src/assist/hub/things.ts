/** From a map of where a named thing may be to the prompts by which a model that takes clicks cuts each thing out. */
import type { Point, Rect, Size } from '../../image/geometry';
import type { Logits, SegmenterPrompt } from '../segmenter';
import type { HeatMap } from './clipSeg';

/**
 * A map that stays below this shows nothing of that name. CLIPSeg gives 0.6 and more to things that are there and 0.2 and
 * less to others; in between it errs.
 */
export const LEAST_CERTAINTY = 0.3;
/** Of the map's highest value: where a thing ends. */
const EDGE = 0.5;
/** Of the largest thing's weight: smaller patches are echoes. */
const LEAST_WEIGHT = 0.15;
/** Of one name: five dogs are selected, a field of flowers is one thing. */
export const MAX_THINGS = 6;
/** Points on one thing. */
const MAX_PEAKS = 3;

/** One thing of that name, in cells of the map. */
export interface Thing {
  /** The surest places, the surest first; in the middle of their cells. */
  peaks: Point[];
  box: Rect;
  /** Its cells, as indices into the map. */
  cells: readonly number[];
}

/** @returns the heaviest first; empty if nothing of that name is there */
export function thingsIn(map: HeatMap): Thing[] {
  const top = map.data.reduce((most, value) => Math.max(most, value), 0);
  if (!(top >= LEAST_CERTAINTY)) return [];
  const edge = top * EDGE;
  const patches = patchesAbove(map, edge).map((cells) => ({
    cells,
    weight: cells.reduce((sum, cell) => sum + (map.data[cell] ?? 0), 0),
  }));
  patches.sort((a, b) => b.weight - a.weight);
  const least = (patches[0]?.weight ?? 0) * LEAST_WEIGHT;
  return patches
    .filter(({ weight }) => weight >= least)
    .slice(0, MAX_THINGS)
    .map(({ cells }) => ({ cells, box: boxOf(cells, map.width), peaks: peaksOf(cells, map) }));
}

/** Cells of at least that value that touch by a side, together. */
function patchesAbove({ data, width }: HeatMap, edge: number): number[][] {
  const seen = new Uint8Array(data.length);
  const isFree = (cell: number) => seen[cell] === 0 && (data[cell] ?? 0) >= edge;
  const patches: number[][] = [];
  for (let start = 0; start < data.length; start++) {
    if (!isFree(start)) continue;
    const patch = [start];
    seen[start] = 1;
    for (let at = 0; at < patch.length; at++) {
      const cell = patch[at] ?? 0;
      const column = cell % width;
      const beside = [cell - width, cell + width];
      if (column > 0) beside.push(cell - 1);
      if (column < width - 1) beside.push(cell + 1);
      for (const next of beside) {
        if (!isFree(next)) continue;
        seen[next] = 1;
        patch.push(next);
      }
    }
    patches.push(patch);
  }
  return patches;
}

function boxOf(cells: readonly number[], width: number): Rect {
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
  for (const cell of cells) {
    const [x, y] = [cell % width, Math.floor(cell / width)];
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + 1);
    bottom = Math.max(bottom, y + 1);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The surest cell, then the surest that are far from those before: a third of the longer side. */
function peaksOf(cells: readonly number[], { data, width }: HeatMap): Point[] {
  const box = boxOf(cells, width);
  const apart = Math.max(box.width, box.height) / 3;
  const bySureness = [...cells].sort((a, b) => (data[b] ?? 0) - (data[a] ?? 0) || a - b);
  const peaks: Point[] = [];
  for (const cell of bySureness) {
    if (peaks.length === MAX_PEAKS) break;
    const place = { x: (cell % width) + 0.5, y: Math.floor(cell / width) + 0.5 };
    if (peaks.every(({ x, y }) => Math.hypot(x - place.x, y - place.y) >= apart)) peaks.push(place);
  }
  return peaks;
}

/** Of a thing's weight: a mask that covers less shows something else, however sharp it is. */
const LEAST_COVER = 0.4;
/** A mask this many times as large as its thing shows what is around it. */
const MOST_EXCESS = 4;

/**
 * Whether a sharp mask shows the thing whose prompt it answers.
 * @param logits over the same image as the map
 */
export function shows(logits: Logits, { cells }: Thing, map: HeatMap): boolean {
  const across = logits.across / map.width;
  const down = logits.down / map.height;
  const isInside = (cell: number) => {
    const x = Math.floor(((cell % map.width) + 0.5) * across);
    const y = Math.floor((Math.floor(cell / map.width) + 0.5) * down);
    return (logits.data[y * logits.width + x] ?? 0) > 0;
  };
  const weightOf = (some: readonly number[]) => some.reduce((sum, cell) => sum + (map.data[cell] ?? 0), 0);
  const covered = weightOf(cells.filter(isInside)) / weightOf(cells);
  const all = Array.from(map.data.keys()).filter(isInside).length;
  return covered >= LEAST_COVER && all <= cells.length * MOST_EXCESS;
}

/**
 * A thing's sharp mask by the model that takes clicks, or its own shape on the map where that model shows something else.
 * @param small the image that was encoded, all of which the map covers @param decode asks the model
 */
export async function sharpened(
  thing: Thing,
  map: HeatMap,
  small: Size,
  decode: (prompt: SegmenterPrompt) => Promise<Logits>,
): Promise<Logits> {
  const [across, down] = [small.width / map.width, small.height / map.height];
  const { box, peaks } = thing;
  const logits = await decode({
    points: peaks.map(({ x, y }) => ({ x: x * across, y: y * down, include: true })),
    box: { x: box.x * across, y: box.y * down, width: box.width * across, height: box.height * down },
  });
  return shows(logits, thing, map) ? logits : ownShape(map, thing);
}

/** The map itself as a mask of one thing, for where the click model knows no better. */
export function ownShape(map: HeatMap, { cells }: Thing): Logits {
  const { width, height } = map;
  const top = map.data.reduce((most, value) => Math.max(most, value), 0);
  const mine = new Set(cells);
  // As steep as the models' own answers, which range over some ten.
  const data = map.data.map(
    (value, cell) => (mine.has(cell) || value < top * EDGE ? value / top - EDGE : -EDGE) * 20,
  );
  return { width, height, data, across: width, down: height };
}
