/** The outline of what a model's grid holds, as a path to draw over the image: marching squares. */
import type { Rect } from '../image/geometry';
import type { Logits } from './segmenter';

/** A point of the outline lies on the edge between two neighbouring cells: it is named by the first, and the direction. */
type EdgeKey = number;

/**
 * @param frame the part of the image that the grid covers, in image pixels
 * @returns an SVG path in image pixels, closed around what is inside; empty if nothing is
 */
export function outlineOf(logits: Logits, frame: Rect): string {
  const { width, data, across, down } = logits;
  const columns = Math.min(width, Math.ceil(across));
  const rows = Math.min(logits.height, Math.ceil(down));
  // A border of cells outside, so that what touches the image's border is closed along it.
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= columns || y >= rows ? -1 : (data[y * width + x] ?? -1);
  const stride = columns + 2;
  const keyOf = (x: number, y: number, isDown: boolean): EdgeKey =>
    ((y + 1) * stride + x + 1) * 2 + (isDown ? 1 : 0);
  const next = new Map<EdgeKey, EdgeKey>();
  const place = new Map<EdgeKey, string>();
  const [wide, high] = [frame.width / across, frame.height / down];
  const cross = (x: number, y: number, isDown: boolean): EdgeKey => {
    const key = keyOf(x, y, isDown);
    if (!place.has(key)) {
      const from = at(x, y);
      const to = isDown ? at(x, y + 1) : at(x + 1, y);
      const part = from / (from - to);
      const column = Math.min(across, Math.max(0, x + 0.5 + (isDown ? 0 : part)));
      const row = Math.min(down, Math.max(0, y + 0.5 + (isDown ? part : 0)));
      place.set(key, `${round(frame.x + column * wide)} ${round(frame.y + row * high)}`);
    }
    return key;
  };
  for (let y = -1; y < rows; y++) {
    for (let x = -1; x < columns; x++) {
      const corners = [at(x, y), at(x + 1, y), at(x + 1, y + 1), at(x, y + 1)].map((value) => value > 0);
      const inside = corners.filter(Boolean).length;
      if (inside === 0 || inside === 4) continue;
      const sides = [
        () => cross(x, y, false),
        () => cross(x + 1, y, true),
        () => cross(x, y + 1, false),
        () => cross(x, y, true),
      ];
      // The outline goes with the inside on its right: into the square where a side leads from outside to inside.
      for (let side = 0; side < 4; side++) {
        if (corners[side] || !corners[(side + 1) % 4]) continue;
        let leave = side;
        do leave = (leave + 1) % 4;
        while (!(corners[leave] && !corners[(leave + 1) % 4]));
        const [enter, exit] = [sides[side], sides[leave]];
        if (enter && exit) next.set(exit(), enter());
      }
    }
  }
  let path = '';
  while (next.size > 0) {
    const [start] = next.keys();
    if (start === undefined) break;
    let verb = 'M';
    for (let key: EdgeKey | undefined = start; key !== undefined; ) {
      path += `${verb}${place.get(key) ?? ''}`;
      verb = 'L';
      const following: EdgeKey | undefined = next.get(key);
      next.delete(key);
      key = following === start ? undefined : following;
    }
    path += 'Z';
  }
  return path;
}

/** Tenths of a pixel. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
