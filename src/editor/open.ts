/** Opening pictures: whatever the browser decodes, upright, up to 8192 pixels a side. */
import { canvasSurface, type Surface } from './surface';

export const MAX_PICTURE_SIDE = 8192;

/** A file that cannot be opened. The message names it and says what to do. */
export class PictureError extends Error {
  override name = 'PictureError';
}

/**
 * Decodes a picture, turned as its EXIF orientation says.
 * @param name for messages: the file's name, or where it came from
 * @throws PictureError
 */
export async function openPicture(file: Blob, name: string): Promise<Surface> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    throw new PictureError(
      `“${name}” is not a picture that this browser can open. Try a PNG, JPEG, WebP or AVIF file.`,
    );
  }
  try {
    const { width, height } = bitmap;
    if (Math.max(width, height) > MAX_PICTURE_SIDE) {
      throw new PictureError(
        `“${name}” is ${width} × ${height} pixels; Inlay opens up to ${MAX_PICTURE_SIDE} a side. Scale it down first.`,
      );
    }
    return canvasSurface({ width, height }, bitmap);
  } finally {
    bitmap.close();
  }
}
