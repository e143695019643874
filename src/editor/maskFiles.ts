/** Masks as files: PNG, white on black, of the picture's size. */
import { cropMask } from './kernels/edges';
import { isEmptyRect, type Rect, type Size } from './kernels/geometry';
import type { Mask } from './kernels/raster';
import { MASK_THRESHOLD } from './kernels/raster';
import { createMaskWorker } from './maskWorkerClient';
import { decodePicture, PictureError } from './open';

/** The page's one worker for masks. */
export const maskWorker = createMaskWorker();

/** @param bounds around all that is painted @returns a PNG, white on black, of the mask's size */
export function writeMaskFile(mask: Mask, bounds: Rect): Promise<Blob> {
  const painted = isEmptyRect(bounds) ? null : { mask: cropMask(mask, bounds), place: bounds };
  return maskWorker.encode(mask, painted);
}

/**
 * Reads a mask: white is repainted, black is kept, greys are soft edges. JPEG leaves noise around every edge: it
 * counts as black and white only.
 * @throws PictureError if the file is no picture or has another size
 */
export async function readMaskFile(file: Blob, name: string, { width, height }: Size): Promise<Mask> {
  const bitmap = await decodePicture(file, name);
  if (bitmap.width !== width || bitmap.height !== height) {
    const found = `${bitmap.width} × ${bitmap.height}`;
    bitmap.close();
    throw new PictureError(
      `“${name}” is ${found} pixels, the picture ${width} × ${height}; a mask has its picture's size.`,
    );
  }
  const mask = await maskWorker.decode(bitmap);
  if (file.type !== 'image/jpeg') return mask;
  return { ...mask, data: mask.data.map((value) => (value >= MASK_THRESHOLD ? 255 : 0)) };
}
