/** Opening images: every kind that the browser decodes, upright, up to 8192 pixels a side. */

import { imageSize } from 'image-size';
import { messageOf } from '../../contract/errors';
import type { ColourSpace } from '../../image/files/iccProfile';
import { HEAD_BYTES, lossInWords, readHead } from '../../image/files/pictureHead';
import { isReadable, kindName, kindOf, type PictureKind } from '../../image/files/pictureKind';
import type { Size } from '../../image/geometry';
import { decodeForeign } from './extraDecoders';
import { type Colours, createCanvas, plainColours } from './surface';

const MAX_PICTURE_SIDE = 8192;
/** From this size on an image may be too large for a phone. */
const LARGE_PIXELS = 16e6;

/** A file that cannot be opened. The message names it and says what to do. */
export class PictureError extends Error {
  override name = 'PictureError';
}

/** The file is of a kind that this browser cannot decode but Inlay's own decoder can: see {@link withForeign}. */
class ForeignPictureError extends PictureError {
  override name = 'ForeignPictureError';
}

/** A decoded image, and what its file says about its colours. */
export interface Decoded extends Colours {
  bitmap: ImageBitmap;
  /** What was lost on the way, in words: `its 16 bits a channel become 8`. */
  loss: string | null;
}

/**
 * Decodes an image, turned as its EXIF orientation says; of an animation the first frame. Kind and size are read from the
 * file's header first, so that a huge one is refused before it fills the memory.
 * @param name for messages: the file's name, or where it came from
 * @param bits per channel before it was converted to this file, if that was more than the file has
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
        `“${name}” is not an image that this browser can open. Try a PNG, JPEG, WebP or AVIF file.`,
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
 * Opens an image. If the browser cannot decode its kind, Inlay's own decoder converts it to a PNG, which is then opened.
 * This runs on the page, because only the page may start the decoder's worker.
 * @param open gets the file itself, or that PNG with the number of bits per channel that the file had
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
    // By name, because its class does not survive a worker.
    if (!(error instanceof Error) || error.name !== 'ForeignPictureError') throw error;
  }
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const kind = kindOf(head, name) === 'heic' ? 'heic' : 'tiff';
  const converted = await decodeForeign(file, kind, MAX_PICTURE_SIDE).catch((error: unknown) => {
    throw new PictureError(`“${name}” ${messageOf(error)}`);
  });
  return open(converted.file, converted.bits);
}

/** Just the bitmap of {@link decodeWhole}, for every kind of image. */
export function decodePicture(file: Blob, name: string): Promise<ImageBitmap> {
  return withForeign(file, name, async (readable) => (await decodeWhole(readable, name)).bitmap);
}

/** Tested, because Firefox accepts the option and then gives sRGB. */
function hasCanvasOf(colourSpace: ColourSpace): boolean {
  const made = createCanvas({ width: 1, height: 1 }, colourSpace);
  return made?.context.getImageData(0, 0, 1, 1).colorSpace === colourSpace;
}

/** @returns undefined if image-size does not know the kind; the browser may still know it */
function readSize(head: Uint8Array): Size | undefined {
  try {
    const { width, height } = imageSize(head);
    return { width, height };
  } catch {
    return undefined;
  }
}

/** Why a sound file cannot be opened: no browser, or not this one, decodes its kind. */
function unopened(kind: PictureKind, name: string): string {
  if (kind === 'svg') {
    return `“${name}” is a drawing (SVG), which has no pixels to repaint. Save it as PNG and open that.`;
  }
  if (kind === 'video')
    return `“${name}” is a video. Save a single frame of it as PNG or JPEG and open that.`;
  return `“${name}” is of a kind that browsers cannot open: ${kindName(kind)}. Convert it to PNG or JPEG and open that.`;
}

/** Why a file with a readable header could not be decoded. The browser does not say, so this is a guess. */
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
