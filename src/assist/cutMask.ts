/**
 * From a model's coarse grid to a mask of the image's own resolution: the grid says what is meant, the image beneath says
 * where it ends. Work and memory follow the thing's outline; only the mask itself has the size of the thing.
 */
import { clamp, growRect, intersectRect, isEmptyRect, type Rect, type Size } from '../image/geometry';
import { createMask, cropPixels, type Mask, type Pixels } from '../image/raster';
import { guidedFilter, type LinearMask } from './guidedFilter';
import { type GridReader, readGrid } from './sample';
import type { Logits } from './segmenter';

/** An image that is read in parts. */
export interface AssistImage extends Size {
  /** @param rect whole pixels, inside the image @returns sRGB, straight alpha */
  read(rect: Rect): Pixels;
}

export interface CutSource {
  image: AssistImage;
  /** The part that was encoded, in image pixels. */
  frame: Rect;
  /** That part at the size at which it was encoded. */
  small: Pixels;
  logits: Logits;
}

/** Half the width of the strip along the outline in which the image decides, in cells of the grid. */
const REACH = 1.5;
/** How much contrast counts as an edge: 8 of 255 levels. */
const EPSILON = 1e-3;
/** Side of the squares in which the outline is refined, in image pixels. */
const TILE = 64;
/** How quickly a mask goes from 0 to 255 across its edge: the filter's soft step becomes one of about a pixel. */
const STEEPNESS = 4;

/** @returns the mask and where it lies, with `place` its upper left corner in the image; null if nothing is inside */
export function cutMask({ image, frame, small, logits }: CutSource): { mask: Mask; place: Rect } | null {
  const bounds = insideOf(logits, frame);
  if (isEmptyRect(bounds)) return null;
  const grid = readGrid(logits, frame);
  const place = intersectRect(roundOut(growRect(bounds, REACH / grid.acrossPixel)), frame);
  const mask = createMask(place);
  const refined = refine(grid, { frame, small, place });

  for (let y = place.y; y < place.y + place.height; y += TILE) {
    for (let x = place.x; x < place.x + place.width; x += TILE) {
      const tile = intersectRect({ x, y, width: TILE, height: TILE }, place);
      const side = sideOf(logits, frame, tile);
      if (side === 'outside') continue;
      if (side === 'inside') fill(mask, place, tile);
      else drawEdge(mask, place, tile, image.read(tile), refined);
    }
  }
  return { mask, place };
}

/** The bounds of what is inside, in image pixels. */
function insideOf({ data, width, height, across, down }: Logits, frame: Rect): Rect {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < Math.min(height, down); y++) {
    for (let x = 0; x < Math.min(width, across); x++) {
      if ((data[y * width + x] ?? 0) <= 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  if (right < 0) return { x: 0, y: 0, width: 0, height: 0 };
  const [wide, high] = [frame.width / across, frame.height / down];
  return {
    x: frame.x + left * wide,
    y: frame.y + top * high,
    width: (right - left + 1) * wide,
    height: (bottom - top + 1) * high,
  };
}

function roundOut({ x, y, width, height }: Rect): Rect {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  return { x: left, y: top, width: Math.ceil(x + width) - left, height: Math.ceil(y + height) - top };
}

/** Whether a tile, and {@link REACH} around it, is all on one side of the outline. */
function sideOf(
  { data, width, height, across, down }: Logits,
  frame: Rect,
  tile: Rect,
): 'inside' | 'outside' | 'edge' {
  const column = (x: number) => clamp(Math.floor(((x - frame.x) * across) / frame.width), 0, width - 1);
  const row = (y: number) => clamp(Math.floor(((y - frame.y) * down) / frame.height), 0, height - 1);
  const reach = Math.ceil(REACH);
  const [left, right] = [Math.max(0, column(tile.x) - reach), column(tile.x + tile.width) + reach];
  const [top, bottom] = [Math.max(0, row(tile.y) - reach), row(tile.y + tile.height) + reach];
  const lastColumn = Math.min(width, Math.ceil(across)) - 1;
  const lastRow = Math.min(height, Math.ceil(down)) - 1;
  let inside = 0;
  let outside = 0;
  for (let y = top; y <= Math.min(bottom, lastRow); y++) {
    for (let x = left; x <= Math.min(right, lastColumn); x++) {
      if ((data[y * width + x] ?? 0) > 0) inside += 1;
      else outside += 1;
      if (inside > 0 && outside > 0) return 'edge';
    }
  }
  return inside > 0 ? 'inside' : 'outside';
}

function fill(mask: Mask, place: Rect, tile: Rect): void {
  for (let y = tile.y; y < tile.y + tile.height; y++) {
    const start = (y - place.y) * mask.width + tile.x - place.x;
    mask.data.fill(255, start, start + tile.width);
  }
}

/** How the mask follows from the colours, at the resolution of the small image. */
interface Refined {
  linear: LinearMask;
  /** The part of the small image that `linear` covers. */
  area: Rect;
  frame: Rect;
  /** Small pixels per image pixel. */
  across: number;
  down: number;
}

function refine(grid: GridReader, parts: { frame: Rect; small: Pixels; place: Rect }): Refined {
  const { frame, small, place } = parts;
  const across = small.width / frame.width;
  const down = small.height / frame.height;
  const covered = roundOut({
    x: (place.x - frame.x) * across,
    y: (place.y - frame.y) * down,
    width: place.width * across,
    height: place.height * down,
  });
  // A cell in pixels of the small image: so far the outline may be off.
  const radius = Math.max(2, Math.round(across / grid.acrossPixel));
  const area = intersectRect(growRect(covered, 2 * radius), {
    x: 0,
    y: 0,
    width: small.width,
    height: small.height,
  });
  const soft = new Float32Array(area.width * area.height);
  for (let y = 0; y < area.height; y++) {
    for (let x = 0; x < area.width; x++) {
      const [imageX, imageY] = [(area.x + x + 0.5) / across - 0.5, (area.y + y + 0.5) / down - 0.5];
      soft[y * area.width + x] = sigmoid(grid.at(frame.x + imageX, frame.y + imageY));
    }
  }
  return {
    linear: guidedFilter(cropPixels(small, area), soft, { radius, epsilon: EPSILON }),
    area,
    frame,
    across,
    down,
  };
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function drawEdge(mask: Mask, place: Rect, tile: Rect, pixels: Pixels, refined: Refined): void {
  const { linear, area, frame, across, down } = refined;
  const { red, green, blue, offset, width, height } = linear;
  for (let y = 0; y < tile.height; y++) {
    const row = clamp((tile.y + y + 0.5 - frame.y) * down - 0.5 - area.y, 0, height - 1);
    const top = Math.floor(row);
    const bottom = Math.min(height - 1, top + 1);
    const v = row - top;
    const start = (tile.y + y - place.y) * mask.width + tile.x - place.x;
    for (let x = 0; x < tile.width; x++) {
      const column = clamp((tile.x + x + 0.5 - frame.x) * across - 0.5 - area.x, 0, width - 1);
      const left = Math.floor(column);
      const right = Math.min(width - 1, left + 1);
      const u = column - left;
      const [i00, i01, i10, i11] = [
        top * width + left,
        top * width + right,
        bottom * width + left,
        bottom * width + right,
      ];
      const [w00, w01, w10, w11] = [(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v];
      const between = (of: Float32Array) =>
        (of[i00] ?? 0) * w00 + (of[i01] ?? 0) * w01 + (of[i10] ?? 0) * w10 + (of[i11] ?? 0) * w11;
      const i = (y * tile.width + x) * 4;
      const value =
        (between(red) * (pixels.data[i] ?? 0) +
          between(green) * (pixels.data[i + 1] ?? 0) +
          between(blue) * (pixels.data[i + 2] ?? 0)) /
          255 +
        between(offset);
      mask.data[start + x] = 255 * clamp((value - 0.5) * STEEPNESS + 0.5, 0, 1);
    }
  }
}
