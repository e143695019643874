/** Masks as files: PNG, white on black, of the image's size. */
import { cropMask } from '../../image/edges';
import { isEmptyRect, type Rect, type Size } from '../../image/geometry';
import type { MaskReading, ReadMask } from '../../image/mask/maskReading';
import { createMask, type Mask } from '../../image/raster';
import { decodePicture, PictureError } from './decodePicture';
import type { Patch } from './maskOperations';
import { createMaskWorker } from './maskWorkerClient';

/** The page's one worker for masks. */
export const maskWorker = createMaskWorker();

/** @param bounds of everything painted @returns a PNG, white on black, of the mask's size */
export function writeMaskFile(mask: Mask, bounds: Rect): Promise<Blob> {
  return maskWorker.encode(mask, maskedPart(mask, bounds));
}

/** A copy of the part that is painted; null if nothing is. */
export function maskedPart(mask: Mask, bounds: Rect): Patch | null {
  return isEmptyRect(bounds) ? null : { mask: cropMask(mask, bounds), place: bounds };
}

/** The same without blocking the page: what is painted meanwhile may or may not be in the file. */
export async function writeMaskInSlices(mask: Mask, bounds: Rect): Promise<Blob> {
  if (isEmptyRect(bounds)) return maskWorker.encode(mask, null);
  const part = createMask(bounds);
  for (let y = 0, since = performance.now(); y < bounds.height; y += SLICE_ROWS) {
    const rows = { ...bounds, y: bounds.y + y, height: Math.min(SLICE_ROWS, bounds.height - y) };
    part.data.set(cropMask(mask, rows).data, y * bounds.width);
    if (performance.now() - since < SLICE_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  }
  return maskWorker.encode(mask, { mask: part, place: bounds });
}

const SLICE_ROWS = 64;
const SLICE_MS = 8;

/**
 * Reads a mask from any source, in any format: see `readMask`.
 * @param reading to use instead of the one that the file suggests
 * @throws PictureError if the file is not an image or has another size
 */
export async function readMaskFile(
  file: Blob,
  name: string,
  size: Size,
  reading?: MaskReading,
): Promise<ReadMask> {
  return maskWorker.read(await decodeMask(file, name, size), reading);
}

/** Reads a mask that Inlay wrote, value for value. @throws PictureError as {@link readMaskFile} */
export async function readOwnMaskFile(file: Blob, name: string, size: Size): Promise<Mask> {
  return maskWorker.decode(await decodeMask(file, name, size));
}

async function decodeMask(file: Blob, name: string, { width, height }: Size): Promise<ImageBitmap> {
  const bitmap = await decodePicture(file, name);
  if (bitmap.width === width && bitmap.height === height) return bitmap;
  const found = `${bitmap.width} × ${bitmap.height}`;
  bitmap.close();
  throw new PictureError(
    `“${name}” is ${found} pixels, but the image is ${width} × ${height}. Scale the mask to the image's size first.`,
  );
}
