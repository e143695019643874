/** An image on a canvas, which workers read and write in parts at full resolution. */

import type { ColourSpace } from '../../image/files/iccProfile';
import { HEAD_BYTES } from '../../image/files/pictureHead';
import { pngStartWith } from '../../image/files/pngColours';
import { type PngText, TEXTS_OFFSET, textChunks } from '../../image/files/pngText';
import type { Point, Size } from '../../image/geometry';
import type { EditableImage } from '../../image/prepareAndPaste';

/** What an image's values mean, and the profile that its files carry. */
export interface Colours {
  colourSpace: ColourSpace;
  /** Null for sRGB, which files need no profile for. */
  icc: Uint8Array<ArrayBuffer> | null;
}

export interface Surface extends EditableImage {
  /** A copy on a surface of another size, its upper left corner at `at`; the rest is transparent. */
  placed(size: Size, at: Point): Surface;
  /** @param texts that the file carries */
  toPng(texts?: readonly PngText[]): Promise<Blob>;
  /** What a canvas can draw; null if there is no canvas (tests in Node). */
  readonly source: CanvasImageSource | null;
}

export const plainColours: Colours = { colourSpace: 'srgb', icc: null };

/**
 * A canvas with a colour space.
 * @returns null if the browser has no memory for it; a canvas in sRGB if it supports nothing else
 */
export function createCanvas(
  size: Size,
  colourSpace: ColourSpace,
  options: { willReadFrequently?: boolean } = {},
): { canvas: OffscreenCanvas; context: OffscreenCanvasRenderingContext2D } | null {
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext('2d', { ...options, colorSpace: colourSpace });
  return context && { canvas, context };
}

export function canvasSurface(
  size: Size,
  content?: CanvasImageSource,
  at: Point = { x: 0, y: 0 },
  { colourSpace, icc }: Colours = plainColours,
): Surface {
  // It is read as often as drawn: every read from the GPU's memory would wait.
  const created = createCanvas(size, colourSpace, { willReadFrequently: true });
  if (!created) {
    throw new Error(
      `This browser cannot hold an image of ${size.width} × ${size.height} pixels; open a smaller one.`,
    );
  }
  const { canvas, context } = created;
  if (content) context.drawImage(content, at.x, at.y);
  return {
    width: size.width,
    height: size.height,
    colourSpace,
    source: canvas,
    read(rect) {
      return context.getImageData(rect.x, rect.y, rect.width, rect.height);
    },
    write(pixels, x, y) {
      const settings = { colorSpace: colourSpace };
      context.putImageData(new ImageData(pixels.data, pixels.width, pixels.height, settings), x, y);
    },
    placed(other, place) {
      return canvasSurface(other, canvas, place, { colourSpace, icc });
    },
    async toPng(texts = []) {
      const file = await canvas.convertToBlob({ type: 'image/png' });
      if (icc) {
        const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
        const { start, replaced } = await pngStartWith(head, icc, textChunks(texts));
        return new Blob([start, file.slice(replaced)], { type: 'image/png' });
      }
      if (texts.length === 0) return file;
      const parts = [file.slice(0, TEXTS_OFFSET), textChunks(texts), file.slice(TEXTS_OFFSET)];
      return new Blob(parts, { type: 'image/png' });
    },
  };
}
