/** Decoding and encoding with the browser's canvas, in a worker. */
import { fetchBounded } from '../../contract/boundedRead';
import { convertColours } from '../../image/colourSpace';
import type { Size } from '../../image/geometry';
import { maskToPixels } from '../../image/mask/mask';
import type { Mask, Pixels } from '../../image/raster';
import { decodeWhole } from './decodePicture';
import type { Codec } from './pictureWork';
import { canvasSurface, createCanvas, type Surface } from './surface';

const THUMBNAIL_SIDE = 256;
/** For a result: a PNG of 4096 × 4096 pixels of noise has about 50 million. */
const MAX_ANSWER_BYTES = 256_000_000;

export const codec: Codec = {
  open,
  encode,
  encodeMask: (mask: Mask) => encode(maskToPixels(mask), mask),
  async decode(url: string, size: Size): Promise<Pixels> {
    const { response, bytes } = await fetchBounded(url, {
      maxBytes: MAX_ANSWER_BYTES,
      what: 'The result',
    });
    if (!response.ok) throw new Error(`The result could not be fetched (${response.status}); try again.`);
    const surface = await open(new Blob([bytes]), 'the result');
    return convertColours(pixelsOf(scaled(surface, size)), surface.colourSpace, 'srgb');
  },

  async scale(pixels: Pixels, size: Size): Promise<Pixels> {
    const surface = canvasSurface(pixels);
    surface.write(pixels, 0, 0);
    return pixelsOf(scaled(surface, size));
  },

  thumbnail,
};

async function open(file: Blob, name: string): Promise<Surface> {
  const { bitmap, ...colours } = await decodeWhole(file, name);
  try {
    return canvasSurface({ width: bitmap.width, height: bitmap.height }, bitmap, { x: 0, y: 0 }, colours);
  } finally {
    bitmap.close();
  }
}

function encode(pixels: Pixels, size: Size): Promise<Blob> {
  const surface = canvasSurface(pixels);
  surface.write(pixels, 0, 0);
  return scaled(surface, size).convertToBlob({ type: 'image/png' });
}

/** A small encoded copy. */
export function thumbnail(picture: Drawable): Promise<Blob> {
  const scale = Math.min(1, THUMBNAIL_SIDE / Math.max(picture.width, picture.height));
  const size = {
    width: Math.max(1, Math.round(picture.width * scale)),
    height: Math.max(1, Math.round(picture.height * scale)),
  };
  return scaled(picture, size).convertToBlob({ type: 'image/webp', quality: 0.85 });
}

/** What can be drawn, in its own colour space. */
type Drawable = Pick<Surface, 'width' | 'height' | 'source' | 'colourSpace'>;

function pixelsOf(canvas: OffscreenCanvas): Pixels {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no 2D canvas');
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

function scaled(surface: Drawable, size: Size): OffscreenCanvas {
  const created = createCanvas(size, surface.colourSpace);
  if (!created || !surface.source) throw new Error('no 2D canvas');
  const { canvas, context } = created;
  context.imageSmoothingEnabled = surface.width !== size.width || surface.height !== size.height;
  context.imageSmoothingQuality = 'high';
  context.drawImage(surface.source, 0, 0, size.width, size.height);
  return canvas;
}
