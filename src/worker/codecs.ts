/** Decodes and encodes images in the worker, with the browser's codecs. */
import { askBounded, boundedBody } from '../contract/boundedRead';
import { InputError, messageOf, NetworkError } from '../contract/errors';
import type { ImageSource } from '../contract/schema';
import type { Pixels } from '../image/raster';

/** Of an image file: no photograph is larger. */
const MAX_BYTES = 512_000_000;

/**
 * Reads an image upright, as RGBA in sRGB.
 * @param field the request's field to name in errors
 * @throws InputError if it is not an image, NetworkError if its URL does not answer
 */
export async function readImage(field: string, source: ImageSource, signal: AbortSignal): Promise<Pixels> {
  const file = source instanceof Blob ? source : await fetchImage(field, source, signal);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image', premultiplyAlpha: 'none' });
  } catch {
    throw new InputError(field, `${field}: this browser can't read it as an image; use PNG, JPEG or WebP`);
  }
  try {
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', {
      willReadFrequently: true,
    });
    if (context === null)
      throw new InputError(field, `${field}: the image is too large for this browser; scale it down`);
    context.drawImage(bitmap, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    return { data, width, height };
  } finally {
    bitmap.close();
  }
}

async function fetchImage(field: string, url: string, signal: AbortSignal): Promise<Blob> {
  const what = `${field}: the image`;
  const response = await askBounded(url, { signal, what }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new NetworkError(`${messageOf(error)}; its server must allow other sites to read it (CORS)`);
  });
  if (!response.ok) {
    void response.body?.cancel().catch(() => {});
    throw new InputError(field, `${field}: the server answered ${response.status}; check the URL`);
  }
  return new Blob([await boundedBody(response, { maxBytes: MAX_BYTES, signal, what })]);
}

/** @returns a PNG */
export async function encodePng({ data, width, height }: Pixels): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no 2d context for the result');
  context.putImageData(toImageData({ data, width, height }), 0, 0);
  return canvas.convertToBlob({ type: 'image/png' });
}

/** @returns a bitmap that its receiver closes */
export function toBitmap(pixels: Pixels): Promise<ImageBitmap> {
  return createImageBitmap(toImageData(pixels));
}

function toImageData({ data, width, height }: Pixels): ImageData {
  return new ImageData(new Uint8ClampedArray(data), width, height);
}
