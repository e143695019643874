/** A surface in plain memory, where there is no canvas: tests under Node. */
import { createPixels, cropPixels, type Pixels, putPixels } from './kernels/raster';
import type { Surface } from './surface';

export function memorySurface(pixels: Pixels): Surface {
  return {
    width: pixels.width,
    height: pixels.height,
    source: null,
    read: (rect) => cropPixels(pixels, rect),
    write: (patch, x, y) => putPixels(pixels, patch, x, y),
    copy: () => memorySurface({ ...pixels, data: new Uint8ClampedArray(pixels.data) }),
    placed: (size, at) => {
      const larger = createPixels(size);
      putPixels(larger, pixels, at.x, at.y);
      return memorySurface(larger);
    },
    // Raw RGBA under the PNG's name: no test decodes it.
    toPng: async () => new Blob([pixels.data], { type: 'image/png' }),
  };
}
