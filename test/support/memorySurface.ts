/** An image in plain memory that can be read and written, for tests under Node, which has no canvas. */

import type { Picture } from '../../src/editor/document/picture';
import type { Surface } from '../../src/editor/workers/surface';
import type { PngText } from '../../src/image/files/pngText';
import { createPixels, cropPixels, type Pixels, putPixels } from '../../src/image/raster';

/** The pixels of the files made here, which nothing decodes. */
const decoded = new WeakMap<Blob, Pixels>();

function fileOf(pixels: Pixels, texts: readonly PngText[] = []): Blob {
  // Raw RGBA under the PNG's name, then the texts.
  const file = new Blob([pixels.data, ...texts.map(({ text }) => text)], { type: 'image/png' });
  decoded.set(file, pixels);
  return file;
}

/** The pixels of a file that `memorySurface` made. */
export function pixelsIn(file: Blob): Pixels | undefined {
  return decoded.get(file);
}

/** @param file the image's file; made from the pixels if absent */
export function memorySurface(pixels: Pixels, file: Blob = fileOf(pixels)): Surface & Picture {
  return {
    width: pixels.width,
    height: pixels.height,
    file,
    colourSpace: 'srgb',
    levels: [],
    close: () => {},
    source: null,
    read: (rect) => cropPixels(pixels, rect),
    write: (patch, x, y) => putPixels(pixels, patch, x, y),
    placed: (size, at) => {
      const larger = createPixels(size);
      putPixels(larger, pixels, at.x, at.y);
      return memorySurface(larger);
    },
    toPng: async (texts) => fileOf({ ...pixels, data: pixels.data.slice() }, texts),
  };
}
