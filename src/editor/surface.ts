/** A picture on a canvas, to be read and written in parts at full resolution: what a worker does its work on. */
import type { Point, Rect, Size } from './kernels/geometry';
import { type PngText, TEXTS_OFFSET, textChunks } from './kernels/pngText';
import type { Pixels } from './kernels/raster';

export interface Surface extends Size {
  /** @param rect whole pixels, inside the picture */
  read(rect: Rect): Pixels;
  write(pixels: Pixels, x: number, y: number): void;
  /** A copy on a surface of another size, its upper left corner at `at`; the rest is transparent. */
  placed(size: Size, at: Point): Surface;
  /** @param texts what the file says of itself */
  toPng(texts?: readonly PngText[]): Promise<Blob>;
  /** What a canvas draws; null where there is no canvas (tests under Node). */
  readonly source: CanvasImageSource | null;
}

export function canvasSurface(size: Size, content?: CanvasImageSource, at: Point = { x: 0, y: 0 }): Surface {
  const canvas = new OffscreenCanvas(size.width, size.height);
  // It is read as often as drawn: in the graphics card's memory every read would wait for it.
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) {
    throw new Error(
      `This browser cannot hold a picture of ${size.width} × ${size.height} pixels; open a smaller one.`,
    );
  }
  if (content) context.drawImage(content, at.x, at.y);
  return {
    width: size.width,
    height: size.height,
    source: canvas,
    read(rect) {
      return context.getImageData(rect.x, rect.y, rect.width, rect.height);
    },
    write(pixels, x, y) {
      context.putImageData(new ImageData(pixels.data, pixels.width, pixels.height), x, y);
    },
    placed(other, place) {
      return canvasSurface(other, canvas, place);
    },
    async toPng(texts = []) {
      const file = await canvas.convertToBlob({ type: 'image/png' });
      if (texts.length === 0) return file;
      const parts = [file.slice(0, TEXTS_OFFSET), textChunks(texts), file.slice(TEXTS_OFFSET)];
      return new Blob(parts, { type: 'image/png' });
    },
  };
}
