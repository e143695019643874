/** Drawing the canvas out. */
import type { Rect } from '../editor/kernels/geometry';
import { extendBorder, newParts, readBorder } from '../editor/kernels/outpaint';
import type { Surface } from '../editor/store';

/** Pixels that are computed before the page gets its turn: a few milliseconds. */
const SLICE_PIXELS = 200_000;

/**
 * The picture on a larger canvas, with its edge carried on and blurred in what is new.
 * @param canvas whole pixels in the picture's coordinates, around the picture
 */
export async function extendPicture(picture: Surface, canvas: Rect): Promise<Surface> {
  const border = readBorder(picture, (rect) => picture.read(rect));
  const larger = picture.placed(canvas, { x: -canvas.x, y: -canvas.y });
  for (const part of newParts(picture, canvas)) {
    const rows = Math.max(1, Math.floor(SLICE_PIXELS / part.width));
    for (let y = 0; y < part.height; y += rows) {
      const slice = { ...part, y: part.y + y, height: Math.min(rows, part.height - y) };
      larger.write(extendBorder(border, slice), slice.x - canvas.x, slice.y - canvas.y);
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  return larger;
}
