/** Reads and writes pictures in the worker, through the browser's own codecs. */
import { askBounded, boundedBody } from '../contract/boundedRead';
import { InputError, messageOf, NetworkError } from '../contract/errors';
import type { ImageSource } from '../contract/schema';
import type { Pixels } from '../image/pixels';

/** Of a picture's file: more has no photograph. */
const MAX_BYTES = 512_000_000;

/**
 * Reads a picture upright, as RGBA.
 * @param field the request's field to name in errors
 * @throws InputError where it is no picture, NetworkError where its address does not answer
 */
export async function readImage(field: string, source: ImageSource, signal: AbortSignal): Promise<Pixels> {
  const file = source instanceof Blob ? source : await fetchImage(field, source, signal);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image', premultiplyAlpha: 'none' });
  } catch {
    throw new InputError(field, `${field}: this browser cannot read it as a picture; use PNG, JPEG or WebP`);
  }
  try {
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', {
      willReadFrequently: true,
    });
    if (context === null)
      throw new InputError(field, `${field}: too large a picture for this browser; scale it down`);
    context.drawImage(bitmap, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    return { data, width, height };
  } finally {
    bitmap.close();
  }
}

async function fetchImage(field: string, url: string, signal: AbortSignal): Promise<Blob> {
  const what = `${field}: the picture`;
  const response = await askBounded(url, { signal, what }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new NetworkError(`${messageOf(error)}; its server must allow other sites to read it (CORS)`);
  });
  if (!response.ok) {
    void response.body?.cancel().catch(() => {});
    throw new InputError(field, `${field}: its address was answered with ${response.status}; check it`);
  }
  return new Blob([await boundedBody(response, { maxBytes: MAX_BYTES, signal, what })]);
}

/** @returns the picture as PNG */
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
