/** A picture in plain memory, to be read and written, where there is no canvas: tests under Node. */

import type { Picture } from '../../src/editor/document/picture';
import type { Surface } from '../../src/editor/workers/surface';
import type { PngText } from '../../src/image/files/pngText';
import { createPixels, cropPixels, type Pixels, putPixels } from '../../src/image/raster';

/** What the files of such pictures hold: no test decodes them. */
const decoded = new WeakMap<Blob, Pixels>();

function fileOf(pixels: Pixels, texts: readonly PngText[] = []): Blob {
  // Raw RGBA under the PNG's name, then the texts.
  const file = new Blob([pixels.data, ...texts.map(({ text }) => text)], { type: 'image/png' });
  decoded.set(file, pixels);
  return file;
}

/** What a file of `memorySurface` holds. */
export function pixelsIn(file: Blob): Pixels | undefined {
  return decoded.get(file);
}

/** @param file where the picture comes from; one of its own if absent */
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
