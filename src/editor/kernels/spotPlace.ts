/** Where the bar of a result is put: beside what changed, never over it if there is room elsewhere. */
import { clamp, intersectRect, type Point, type Rect, rectOfSize, type Size } from '../../image/geometry';

/** View pixels between what changed and the bar. */
const GAP = 14;
/** View pixels that stay free at the pane's edge. */
const MARGIN = 8;

export interface Surroundings {
  pane: Size;
  bar: Size;
  /** What changed, in view pixels; null if it is not known, or everything is. */
  target: Rect | null;
  /** What should stay free if that is possible, such as the grip of the comparison line. */
  avoid?: readonly Rect[];
}

/** @returns the bar's upper left corner, in view pixels */
export function spotPlace({ pane, bar, target, avoid = [] }: Surroundings): Point {
  const inPane = ({ x, y }: Point): Point => ({
    x: clamp(x, MARGIN, Math.max(MARGIN, pane.width - bar.width - MARGIN)),
    y: clamp(y, MARGIN, Math.max(MARGIN, pane.height - bar.height - MARGIN)),
  });
  const atBottom = inPane({ x: (pane.width - bar.width) / 2, y: pane.height });
  const changed = target && intersectRect(target, rectOfSize(pane));
  if (!changed || changed.width <= 0 || changed.height <= 0) return atBottom;
  const middle = {
    x: changed.x + (changed.width - bar.width) / 2,
    y: changed.y + (changed.height - bar.height) / 2,
  };
  const places = [
    { x: middle.x, y: changed.y + changed.height + GAP },
    { x: middle.x, y: changed.y - GAP - bar.height },
    { x: changed.x + changed.width + GAP, y: middle.y },
    { x: changed.x - GAP - bar.width, y: middle.y },
    atBottom,
    { x: atBottom.x, y: 0 },
  ].map(inPane);
  const covered = (place: Point, rect: Rect) => {
    const { width, height } = intersectRect({ ...place, ...bar }, rect);
    return Math.max(0, width) * Math.max(0, height);
  };
  // What changed counts far more than anything else.
  const cost = (place: Point) =>
    covered(place, changed) * 1000 + avoid.reduce((sum, rect) => sum + covered(place, rect), 0);
  return places.reduce((best, place) => (cost(place) < cost(best) ? place : best));
}
