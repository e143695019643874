/** Where in an image the fill works: one region for each hole, or for holes that lie close together. */
import {
  growRect,
  intersectRect,
  isEmptyRect,
  type Rect,
  rectOfSize,
  type Size,
  unionRect,
} from '../geometry';
import { MASK_THRESHOLD, type Mask } from '../raster';
import { byRows, type Steps } from './stretches';

/** Around a hole so much is looked at, as a share of its longer side, between these two bounds in pixels. */
const MARGIN_SHARE = 1;
const LEAST_MARGIN = 96;
const MOST_MARGIN = 512;
/** Holes in one cell of so many pixels, or in cells that touch, are one hole. */
const CELL = 32;
/** So many boxes are compared with all others in one stretch. */
const BOXES = 64;

/** @returns rectangles of whole pixels; together they hold the whole hole, and none holds part of another's hole */
export function* regionsOf(hole: Mask): Steps<Rect[]> {
  let boxes = yield* holeBoxes(hole);
  // A region that reaches into another's hole would take it for known.
  for (let merged = true; merged; ) {
    merged = false;
    const kept: Rect[] = [];
    for (const [i, box] of boxes.entries()) {
      if (i % BOXES === 0) yield i / boxes.length;
      const other = kept.findIndex(
        (one) =>
          !isEmptyRect(intersectRect(around(one, hole), box)) ||
          !isEmptyRect(intersectRect(around(box, hole), one)),
      );
      if (other === -1) kept.push(box);
      else {
        kept[other] = unionRect(kept[other] ?? box, box);
        merged = true;
      }
    }
    boxes = kept;
  }
  return boxes.map((box) => around(box, hole));
}

function around(box: Rect, hole: Mask): Rect {
  return intersectRect(growRect(box, fillMargin(box)), rectOfSize(hole));
}

/** So many pixels around a hole of this size are looked at, on each side. */
export function fillMargin({ width, height }: Size): number {
  const margin = Math.round(MARGIN_SHARE * Math.max(width, height));
  return Math.min(MOST_MARGIN, Math.max(LEAST_MARGIN, margin));
}

/** The exact boxes of what is painted, by cells that touch. */
function* holeBoxes(hole: Mask): Steps<Rect[]> {
  const columns = Math.ceil(hole.width / CELL);
  const rows = Math.ceil(hole.height / CELL);
  const cells = new Array<Rect | null>(columns * rows).fill(null);
  yield* byRows(hole, (first, end) => {
    for (let y = first; y < end; y++) {
      for (let x = 0; x < hole.width; x++) {
        if ((hole.data[y * hole.width + x] ?? 0) < MASK_THRESHOLD) continue;
        const at = Math.floor(y / CELL) * columns + Math.floor(x / CELL);
        const cell = cells[at];
        const pixel = { x, y, width: 1, height: 1 };
        cells[at] = cell ? unionRect(cell, pixel) : pixel;
      }
    }
  });
  const boxes: Rect[] = [];
  for (let start = 0; start < cells.length; start++) {
    let box = cells[start];
    if (!box) continue;
    cells[start] = null;
    for (const waiting = [start]; waiting.length > 0; ) {
      const at = waiting.pop() ?? 0;
      const column = at % columns;
      for (const next of [
        at - 1,
        at + 1,
        at - columns,
        at + columns,
        at - columns - 1,
        at - columns + 1,
        at + columns - 1,
        at + columns + 1,
      ]) {
        const cell = cells[next];
        if (!cell || Math.abs((next % columns) - column) > 1) continue;
        box = unionRect(box, cell);
        cells[next] = null;
        waiting.push(next);
      }
    }
    boxes.push(box);
  }
  return boxes;
}
