/**
 * Fills the new parts of an extended canvas: the image's edge continued and blurred, more so with distance, so
 * that a model finds colours to begin from and no streaks.
 */
import { clamp, intersectRect, type Rect, rectOfSize, type Size } from './geometry';
import { createMask, createPixels, type Mask, type Pixels } from './raster';

/**
 * The image's outermost pixels as a closed loop, clockwise from its upper left corner, as running sums: the mean of
 * any stretch costs four subtractions.
 */
export interface Border extends Size {
  /** Pixels of the loop. */
  length: number;
  /**
   * sums[4 i + c]: channel c, colours times alpha, over the first i pixels of the loop gone through twice: what is
   * transparent has no colour to carry on. [2 · length + 1, 4]
   */
  sums: Float64Array;
}

/** The largest side of a canvas, as of an opened image (editor/workers/decodePicture.ts). */
export const MAX_CANVAS_SIDE = 8192;

/** What an extended canvas has more than before. */
export interface Extension {
  /** How many pixels are new. */
  pixels: number;
  /** The mask of what is new, as large as the canvas is now; null if nothing else is masked. */
  area: Mask | null;
}

/** How far the mask of new canvas overlaps the image, so that the seam is blended there. In image pixels. */
const SEAM_OVERLAP = 16;

export function seamOverlap({ width, height }: Size): number {
  return Math.min(SEAM_OVERLAP, width >> 2, height >> 2);
}

/** The window's half grows by this many loop pixels for each pixel of distance. */
const SPREAD = 0.6;

/**
 * Reads the loop.
 * @param read cuts a rectangle of whole pixels from the image
 */
export function readBorder(size: Size, read: (rect: Rect) => Pixels): Border {
  const { width, height } = size;
  const top = read({ x: 0, y: 0, width, height: 1 });
  const bottom = read({ x: 0, y: height - 1, width, height: 1 });
  const left = read({ x: 0, y: 0, width: 1, height });
  const right = read({ x: width - 1, y: 0, width: 1, height });
  const loop: [strip: Pixels, index: number][] = [];
  for (let x = 0; x < width; x++) loop.push([top, x]);
  for (let y = 1; y < height; y++) loop.push([right, y]);
  if (height > 1) for (let x = width - 2; x >= 0; x--) loop.push([bottom, x]);
  if (width > 1) for (let y = height - 2; y > 0; y--) loop.push([left, y]);
  const { length } = loop;
  const sums = new Float64Array((2 * length + 1) * 4);
  for (let i = 0; i < 2 * length; i++) {
    const [strip, index] = loop[i % length] ?? [top, 0];
    const alpha = strip.data[index * 4 + 3] ?? 0;
    for (let c = 0; c < 4; c++) {
      const value = c === 3 ? alpha : (strip.data[index * 4 + c] ?? 0) * alpha;
      sums[(i + 1) * 4 + c] = (sums[i * 4 + c] ?? 0) + value;
    }
  }
  return { width, height, length, sums };
}

/**
 * Paints a part of the new area.
 * @param area whole pixels in the old image's coordinates; pixels inside the old image stay transparent black
 * @returns [area.height × area.width]
 */
export function extendBorder(border: Border, area: Rect): Pixels {
  const { width, height, length, sums } = border;
  const pixels = createPixels(area);
  for (let row = 0; row < area.height; row++) {
    const y = area.y + row;
    const dy = Math.max(-y, y - (height - 1), 0);
    for (let column = 0; column < area.width; column++) {
      const x = area.x + column;
      const dx = Math.max(-x, x - (width - 1), 0);
      if (dx === 0 && dy === 0) continue;
      const at = loopIndex(border, clamp(x, 0, width - 1), clamp(y, 0, height - 1));
      const distance = dx === 0 ? dy : dy === 0 ? dx : Math.sqrt(dx * dx + dy * dy);
      const reach = Math.min(Math.round(distance * SPREAD), (length - 1) >> 1);
      const from = (at - reach + length) % length;
      const count = 2 * reach + 1;
      const target = (row * area.width + column) * 4;
      const sumOf = (c: number) => (sums[(from + count) * 4 + c] ?? 0) - (sums[from * 4 + c] ?? 0);
      const alpha = sumOf(3);
      if (alpha === 0) continue;
      for (let c = 0; c < 3; c++) pixels.data[target + c] = sumOf(c) / alpha;
      pixels.data[target + 3] = alpha / count;
    }
  }
  return pixels;
}

/** The new parts of an extended canvas, in the old image's coordinates; they do not overlap. */
export function newParts(imageSize: Size, canvas: Rect): Rect[] {
  const old = rectOfSize(imageSize);
  const right = canvas.x + canvas.width;
  const bottom = canvas.y + canvas.height;
  const parts = [
    { x: canvas.x, y: canvas.y, width: canvas.width, height: -canvas.y },
    { x: canvas.x, y: old.height, width: canvas.width, height: bottom - old.height },
    { x: canvas.x, y: 0, width: -canvas.x, height: old.height },
    { x: old.width, y: 0, width: right - old.width, height: old.height },
  ];
  return parts.filter(({ width, height }) => width > 0 && height > 0);
}

/**
 * The mask of an extended or cropped canvas: the old one in its place, white beyond the old image.
 * @param canvas whole pixels in the old mask's coordinates
 * @param overlap how far the white reaches back over the old image, to make room for the seam
 *   true pixels
 * @returns [canvas.height × canvas.width]
 */
export function placeMask(mask: Mask, canvas: Rect, overlap: number): Mask {
  const placed = createMask(canvas);
  const inner = intersectRect(rectOfSize(mask), canvas);
  const right = canvas.x + canvas.width;
  const bottom = canvas.y + canvas.height;
  const [left, top] = [canvas.x < 0 ? overlap : 0, canvas.y < 0 ? overlap : 0];
  const keptRight = right > mask.width ? mask.width - overlap : mask.width;
  const keptBottom = bottom > mask.height ? mask.height - overlap : mask.height;
  for (let y = canvas.y; y < bottom; y++) {
    const row = (y - canvas.y) * canvas.width;
    if (y < top || y >= keptBottom) {
      placed.data.fill(255, row, row + canvas.width);
      continue;
    }
    const start = y * mask.width;
    const at = row - canvas.x;
    placed.data.set(mask.data.subarray(start + inner.x, start + inner.x + inner.width), at + inner.x);
    if (canvas.x < 0) placed.data.fill(255, row, at + left);
    if (right > mask.width) placed.data.fill(255, at + keptRight, row + canvas.width);
  }
  return placed;
}

function loopIndex({ width, height }: Size, x: number, y: number): number {
  if (y === 0) return x;
  if (x === width - 1) return width - 1 + y;
  if (y === height - 1) return width + height - 2 + (width - 1 - x);
  return 2 * (width + height - 2) - y;
}
