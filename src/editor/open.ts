/** Opening pictures: whatever the browser decodes, upright, up to 8192 pixels a side. */
import { imageSize } from 'image-size';
import type { Size } from './kernels/geometry';

const MAX_PICTURE_SIDE = 8192;
/** From here on a picture may be too much for a phone. */
const LARGE_PIXELS = 16e6;
/** Enough of a file to know its size: a JPEG's may stand behind a preview and a colour profile. */
const HEADER_BYTES = 2 ** 20;

/** A file that cannot be opened. The message names it and says what to do. */
export class PictureError extends Error {
  override name = 'PictureError';
}

/**
 * Decodes a picture, turned as its EXIF orientation says; of an animation its first frame. The size is read
 * from the file's header first, so that a giant one is refused before it fills the memory.
 * @param name for messages: the file's name, or where it came from
 * @throws PictureError
 */
export async function decodePicture(file: Blob, name: string): Promise<ImageBitmap> {
  const header = await readHeader(file);
  if (header?.type === 'svg') {
    throw new PictureError(
      `“${name}” is a drawing (SVG), which has no pixels to repaint. Save it as PNG and open that.`,
    );
  }
  if (header) checkSize(header, name);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    throw new PictureError(
      header
        ? unreadable(header, name)
        : `“${name}” is not a picture that this browser can open. Try a PNG, JPEG, WebP or AVIF file.`,
    );
  }
  try {
    checkSize(bitmap, name);
  } catch (error) {
    bitmap.close();
    throw error;
  }
  return bitmap;
}

/** @returns undefined for what is none of the known kinds; the browser may know it still */
async function readHeader(file: Blob): Promise<(Size & { type: string }) | undefined> {
  try {
    const bytes = new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer());
    const { width, height, type = 'unknown' } = imageSize(bytes);
    return { width, height, type };
  } catch {
    return undefined;
  }
}

/** Why a file whose header could be read could not: the browser does not say. */
function unreadable({ width, height }: Size, name: string): string {
  const says = `its header says ${width} × ${height} pixels, but the browser cannot read them`;
  return width * height < LARGE_PIXELS
    ? `“${name}” is damaged or cut off: ${says}. Get the file again.`
    : `“${name}” is damaged or cut off, or too large for this device's memory: ${says}. Close other tabs, scale it down, or get the file again.`;
}

function checkSize({ width, height }: Size, name: string): void {
  if (Math.max(width, height) <= MAX_PICTURE_SIDE) return;
  throw new PictureError(
    `“${name}” is ${width} × ${height} pixels; Inlay opens up to ${MAX_PICTURE_SIDE} a side. Scale it down first.`,
  );
}
