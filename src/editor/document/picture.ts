/**
 * An image as the page holds it: read only, decoded in a worker, and kept at full size, half, a quarter and so on, so that
 * drawing a zoomed-out view costs what the window shows and not what the image holds.
 */

import type { ColourSpace } from '../../image/files/iccProfile';
import type { Rect, Size } from '../../image/geometry';
import type { Pixels } from '../../image/raster';
import { overlayColourFor } from '../kernels/overlayColour';
import { createCanvas } from '../workers/surface';

export interface Level extends Size {
  source: CanvasImageSource;
}

export interface Picture extends Size {
  /** What it was decoded from. Workers decode it again, which costs the page nothing. */
  readonly file: Blob;
  readonly colourSpace: ColourSpace;
  /** What was lost when it was opened, in words: `its 16 bits a channel become 8`. */
  readonly loss?: string | null;
  /** The image and its halves, largest first; empty if there is no canvas (tests in Node). */
  readonly levels: readonly Level[];
  /** @param rect whole pixels, inside the image @returns values in the image's own colour space */
  read(rect: Rect): Pixels;
  /** Frees its memory; size and file stay. */
  close(): void;
}

/** An image is halved while one side is at least this long. */
const SMALLEST = 1024;

/** In a worker: the bitmap and its halves, to be transferred to the page. */
export function halvesOf(bitmap: ImageBitmap, colourSpace: ColourSpace): ImageBitmap[] {
  const canvases: OffscreenCanvas[] = [];
  let from: ImageBitmap | OffscreenCanvas = bitmap;
  while (Math.max(from.width, from.height) >= SMALLEST) {
    const size: Size = { width: Math.ceil(from.width / 2), height: Math.ceil(from.height / 2) };
    const created = createCanvas(size, colourSpace);
    if (!created) throw new Error('no 2D canvas');
    const { canvas, context } = created;
    // At exactly half the size, bilinear filtering is the mean of four pixels.
    context.imageSmoothingQuality = 'low';
    context.drawImage(from, 0, 0, canvas.width, canvas.height);
    canvases.push(canvas);
    from = canvas;
  }
  return [bitmap, ...canvases.map((canvas) => canvas.transferToImageBitmap())];
}

/** @param bitmaps of {@link halvesOf} */
export function bitmapPicture(
  file: Blob,
  bitmaps: readonly ImageBitmap[],
  colourSpace: ColourSpace,
  loss: string | null = null,
): Picture {
  const levels = bitmaps.map((source) => ({ source, width: source.width, height: source.height }));
  const [whole] = levels;
  if (!whole) throw new RangeError('a picture has at least one level');
  return {
    width: whole.width,
    height: whole.height,
    file,
    colourSpace,
    loss,
    levels,
    close() {
      for (const { source } of levels) source.close();
    },
    read({ x, y, width, height }) {
      const context = createCanvas({ width, height }, colourSpace, { willReadFrequently: true })?.context;
      if (!context) throw new Error('no 2D canvas');
      context.drawImage(whole.source, x, y, width, height, 0, 0, width, height);
      return context.getImageData(0, 0, width, height);
    },
  };
}

/** @param scale device pixels per image pixel @returns the smallest level with at least that resolution */
export function levelAt(levels: readonly Level[], scale: number): Level | undefined {
  let index = 0;
  while (scale <= 0.5 ** (index + 1) && index + 1 < levels.length) index += 1;
  return levels[index];
}

/** Side of the copy that {@link overlayColourOf} reads. */
const SAMPLE_SIDE = 48;

/** The colour in which a mask is easiest to see. @returns undefined if there is no canvas (tests in Node) */
export function overlayColourOf({ levels, colourSpace }: Picture): string | undefined {
  const smallest = levels.at(-1);
  if (!smallest) return undefined;
  const size = { width: SAMPLE_SIDE, height: SAMPLE_SIDE };
  const context = createCanvas(size, colourSpace, { willReadFrequently: true })?.context;
  if (!context) return undefined;
  context.drawImage(smallest.source, 0, 0, SAMPLE_SIDE, SAMPLE_SIDE);
  return overlayColourFor(context.getImageData(0, 0, SAMPLE_SIDE, SAMPLE_SIDE));
}
