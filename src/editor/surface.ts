/** A picture that can be read and written in parts, at full resolution. */
import type { Rect, Size } from './kernels/geometry';
import type { Pixels } from './kernels/raster';

export interface Surface extends Size {
  /** @param rect whole pixels, inside the picture */
  read(rect: Rect): Pixels;
  write(pixels: Pixels, x: number, y: number): void;
  copy(): Surface;
  toPng(): Promise<Blob>;
  /** What a canvas draws; null where there is no canvas (tests under Node). */
  readonly source: CanvasImageSource | null;
}

/** A surface on a canvas that no document holds. */
export function canvasSurface(size: Size, content?: CanvasImageSource): Surface {
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext('2d');
  if (!context) {
    throw new Error(
      `This browser cannot hold a picture of ${size.width} × ${size.height} pixels; open a smaller one.`,
    );
  }
  if (content) context.drawImage(content, 0, 0);
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
    copy() {
      return canvasSurface(size, canvas);
    },
    toPng() {
      return canvas.convertToBlob({ type: 'image/png' });
    },
  };
}
