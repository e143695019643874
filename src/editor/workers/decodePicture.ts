/** Opening pictures: whatever the browser decodes, upright, up to 8192 pixels a side. */
import { imageSize } from 'image-size';
import type { ColourSpace } from '../../image/files/iccProfile';
import { HEAD_BYTES, lossInWords, readHead } from '../../image/files/pictureHead';
import { isReadable, kindName, kindOf, type PictureKind } from '../../image/files/pictureKind';
import type { Size } from '../../image/geometry';
import { decodeForeign } from './foreign';
import { type Colours, createCanvas, plainColours } from './surface';

const MAX_PICTURE_SIDE = 8192;
/** From here on a picture may be too much for a phone. */
const LARGE_PIXELS = 16e6;

/** A file that cannot be opened. The message names it and says what to do. */
export class PictureError extends Error {
  override name = 'PictureError';
}

/** One of a kind that this browser does not decode, but a decoder of Inlay's own does: see {@link withForeign}. */
class ForeignPictureError extends PictureError {
  override name = 'ForeignPictureError';
}

/** A picture as the browser has it, and what its file says of its colours. */
export interface Decoded extends Colours {
  bitmap: ImageBitmap;
  /** What its values lost on the way, in words: `its 16 bits a channel become 8`. */
  loss: string | null;
}

/**
 * Decodes a picture, turned as its EXIF orientation says; of an animation its first frame. Kind and size are read
 * from the file's header first, so that a giant one is refused before it fills the memory.
 * @param name for messages: the file's name, or where it came from
 * @param bits a channel that it had before it became this file, as far as more than the file has
 * @throws PictureError
 */
export async function decodeWhole(file: Blob, name: string, bits?: number): Promise<Decoded> {
  const bytes = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const read = await readHead(bytes, name);
  const head = { ...read, bits: Math.max(read.bits, bits ?? 0) };
  const { kind, profile } = head;
  if (kind !== null && !isReadable(kind)) throw new PictureError(unopened(kind, name));
  const size = readSize(bytes);
  if (size) checkSize(size, name);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    if (kind === null) {
      throw new PictureError(
        `“${name}” is not a picture that this browser can open. Try a PNG, JPEG, WebP or AVIF file.`,
      );
    }
    if (kind === 'heic' || kind === 'tiff') throw new ForeignPictureError(unopened(kind, name));
    throw new PictureError(unreadable(size, name));
  }
  try {
    checkSize(bitmap, name);
  } catch (error) {
    bitmap.close();
    throw error;
  }
  const loss = lossInWords(head);
  if (profile === null || profile.space === 'other') return { bitmap, ...plainColours, loss };
  const { space: colourSpace, icc } = profile;
  if (colourSpace !== 'srgb' && !hasCanvasOf(colourSpace)) {
    return {
      bitmap,
      ...plainColours,
      loss: `its colours (${profile.name}) become sRGB, the only ones this browser works in`,
    };
  }
  return { bitmap, colourSpace, icc, loss };
}

/**
 * Opens a picture, and where the browser does not decode its kind once more as a PNG that Inlay's own decoder makes of it:
 * on the page, which alone may start such a worker.
 * @param open gets the file itself, or that PNG, and how many bits a channel the file had beyond what it holds
 * @throws PictureError
 */
export async function withForeign<Result>(
  file: Blob,
  name: string,
  open: (file: Blob, bits?: number) => Promise<Result>,
): Promise<Result> {
  try {
    return await open(file);
  } catch (error) {
    // Its class does not survive a worker.
    if (!(error instanceof Error) || error.name !== 'ForeignPictureError') throw error;
  }
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const kind = kindOf(head, name) === 'heic' ? 'heic' : 'tiff';
  const converted = await decodeForeign(file, kind, MAX_PICTURE_SIDE).catch((error: unknown) => {
    throw new PictureError(`“${name}” ${error instanceof Error ? error.message : error}`);
  });
  return open(converted.file, converted.bits);
}

/** The bitmap of {@link decodeWhole} alone, of every kind. */
export function decodePicture(file: Blob, name: string): Promise<ImageBitmap> {
  return withForeign(file, name, async (readable) => (await decodeWhole(readable, name)).bitmap);
}

/** Firefox takes the option and gives sRGB. */
function hasCanvasOf(colourSpace: ColourSpace): boolean {
  const made = createCanvas({ width: 1, height: 1 }, colourSpace);
  return made?.context.getImageData(0, 0, 1, 1).colorSpace === colourSpace;
}

/** @returns undefined where image-size does not know it; the browser may know it still */
function readSize(head: Uint8Array): Size | undefined {
  try {
    const { width, height } = imageSize(head);
    return { width, height };
  } catch {
    return undefined;
  }
}

/** A kind that no browser, or not this one, decodes: sound as it may be. */
function unopened(kind: PictureKind, name: string): string {
  if (kind === 'svg') {
    return `“${name}” is a drawing (SVG), which has no pixels to repaint. Save it as PNG and open that.`;
  }
  if (kind === 'video') return `“${name}” is a video. Open a single picture of it, saved as PNG or JPEG.`;
  return `“${name}” is of a kind that browsers cannot open: ${kindName(kind)}. Save it as PNG or JPEG in the program that made it and open that.`;
}

/** Why a file whose header could be read could not: the browser does not say. */
function unreadable(size: Size | undefined, name: string): string {
  if (!size) return `“${name}” is damaged or cut off: the browser cannot read it. Get the file again.`;
  const { width, height } = size;
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
