/** Decodes and encodes images under Node, with sharp. */
import sharp, { type Sharp } from 'sharp';
import { InputError, messageOf } from '../contract/errors';
import { convertColours } from '../image/colourSpace';
import { openHeif } from '../image/files/heif';
import { type ColourSpace, readProfile } from '../image/files/iccProfile';
import { HEAD_BYTES, lossInWords, type PictureHead, readHead } from '../image/files/pictureHead';
import { isReadable, kindName, type PictureKind } from '../image/files/pictureKind';
import { pngStartWith } from '../image/files/pngColours';
import { type PngText, TEXTS_OFFSET, textChunks } from '../image/files/pngText';
import type { Size } from '../image/geometry';
import type { Pixels } from '../image/raster';
import { readSource, shownSource } from './sources';

/** Larger images are refused: 2^28 pixels, 1 GiB of RGBA. */
const MAX_PIXELS = 2 ** 28;
/** The formats decoded here. sharp also reads SVG, which can take any time to draw, and cannot read HEIC. */
const KINDS: readonly PictureKind[] = ['png', 'jpeg', 'webp', 'avif', 'heic', 'gif', 'tiff'];
const KINDS_IN_WORDS = 'PNG, JPEG, WebP, AVIF, HEIC, GIF or TIFF';

// Never, whatever the checks before it let through.
sharp.block({ operation: ['VipsForeignLoadSvg'] });

/** An image as stored in its file, with what its values mean. */
export interface FilePicture extends Pixels {
  data: Uint8ClampedArray<ArrayBuffer>;
  colourSpace: ColourSpace;
  /** The file's profile, for files made from it; null if it has none or was converted. */
  icc: Uint8Array<ArrayBuffer> | null;
  kind: PictureKind;
  /** What was lost in decoding, in words; null if nothing was. */
  loss: string | null;
}

/** An image of a supported kind whose header, and so its size, is known. */
export interface MeasuredPicture extends Size {
  head: PictureHead & { kind: PictureKind };
  /** @throws InputError if it is damaged */
  decode(): Promise<FilePicture>;
}

/** Reads a source and its header. @throws InputError as {@link measureImage} */
export async function measureSource(
  field: string,
  source: string,
  signal?: AbortSignal,
): Promise<MeasuredPicture> {
  return measureImage(field, await readSource(field, source, signal), shownSource(source));
}

/**
 * Decodes an image upright, as RGBA in sRGB.
 * @param name what errors call it
 * @throws InputError if it is not an image
 */
export async function decodeImage(field: string, bytes: Uint8Array, name: string): Promise<Pixels> {
  const { data, width, height, colourSpace } = await (await measureImage(field, bytes, name)).decode();
  return convertColours({ data, width, height }, colourSpace, 'srgb');
}

/**
 * Reads an image's kind and size from its header, without decoding it.
 * @param name what errors call it
 * @throws InputError if its kind is not supported or it is too large
 */
export async function measureImage(field: string, bytes: Uint8Array, name: string): Promise<MeasuredPicture> {
  const head = await readHead(bytes.subarray(0, HEAD_BYTES), name);
  const { kind } = head;
  if (kind === null || !isReadable(kind) || !KINDS.includes(kind)) throw refused(field, name, kind);
  const unreadable = (error: unknown) =>
    new InputError(
      field,
      // Further lines are about libraries and the file's internals.
      `${field}: ${name} cannot be read as an image (${messageOf(error).split('\n')[0]}); use ${KINDS_IN_WORDS}`,
    );
  if (kind === 'heic') return measureHeif(field, name, bytes, { ...head, kind }, unreadable);
  const { width, height, icc } = await sharp(bytes, { limitInputPixels: MAX_PIXELS })
    .metadata()
    .then((metadata) => ({ ...metadata.autoOrient, icc: metadata.icc }))
    .catch((error: unknown) => {
      throw unreadable(error);
    });
  checkPixels(field, name, { width, height });
  // In TIFF files the profile may be anywhere.
  const profile = head.profile ?? (icc ? readProfile(icc) : null);
  const known = { ...head, kind, profile };
  return {
    width,
    height,
    head: known,
    decode: () =>
      decodeMeasured(bytes, known).catch((error: unknown) => {
        throw unreadable(error);
      }),
  };
}

async function decodeMeasured(
  bytes: Uint8Array,
  head: PictureHead & { kind: PictureKind },
): Promise<FilePicture> {
  const { kind, profile, isCmyk } = head;
  const isKept = !isCmyk && profile?.space !== 'other';
  // Values in the two working spaces stay as they are; sharp converts all others.
  const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, ignoreIcc: isKept })
    .autoOrient()
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return {
    data: new Uint8ClampedArray(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
    width: info.width,
    height: info.height,
    colourSpace: isKept && profile?.space === 'display-p3' ? 'display-p3' : 'srgb',
    icc: (isKept && profile?.icc) || null,
    kind,
    loss: lossInWords(head),
  };
}

function checkPixels(field: string, name: string, { width, height }: Size): void {
  if (width * height <= MAX_PIXELS) return;
  throw new InputError(
    field,
    `${field}: ${name} is ${width} × ${height} pixels; the limit is ${Math.floor(MAX_PIXELS / 1e6)} million`,
  );
}

async function measureHeif(
  field: string,
  name: string,
  bytes: Uint8Array,
  head: PictureHead & { kind: PictureKind },
  unreadable: (error: unknown) => InputError,
): Promise<MeasuredPicture> {
  const open = () =>
    openHeif(bytes).catch((error: unknown) => {
      throw unreadable(error);
    });
  const { width, height, close } = await open();
  close();
  checkPixels(field, name, { width, height });
  return {
    width,
    height,
    head,
    async decode() {
      const picture = await open();
      try {
        const pixels = await picture.decode();
        const { profile } = head;
        const facts = { kind: head.kind, loss: lossInWords(head) };
        if (profile?.space !== 'other') {
          return { ...pixels, ...facts, colourSpace: profile?.space ?? 'srgb', icc: profile?.icc ?? null };
        }
        // sharp can convert it from a file with that profile.
        const png = await encodePng(pixels, profile.icc);
        return { ...(await decodeMeasured(png, { ...head, kind: 'png' })), ...facts };
      } catch (error) {
        throw unreadable(error);
      } finally {
        picture.close();
      }
    },
  };
}

function refused(field: string, name: string, kind: PictureKind | null): InputError {
  const advice = `use ${KINDS_IN_WORDS}`;
  if (kind === null)
    return new InputError(field, `${field}: ${name} is not an image that can be read; ${advice}`);
  if (kind === 'svg') {
    return new InputError(
      field,
      `${field}: ${name} is SVG, a drawing without pixels; save it as PNG, or ${advice}`,
    );
  }
  return new InputError(field, `${field}: ${name} is ${kindName(kind)}, which is not supported; ${advice}`);
}

/** @param icc the profile to embed @returns a PNG, without an alpha channel if the image is opaque */
export async function encodePng(pixels: Pixels, icc: Uint8Array<ArrayBuffer> | null = null): Promise<Buffer> {
  const raw = fromPixels(pixels);
  const png = await (isOpaque(pixels.data) ? raw.removeAlpha() : raw).png().toBuffer();
  if (icc === null) return png;
  const { start, replaced } = await pngStartWith(png.subarray(0, HEAD_BYTES), icc);
  return Buffer.concat([start, png.subarray(replaced)]);
}

/** @returns the pixels for sharp to encode */
export function fromPixels({ data, width, height }: Pixels): Sharp {
  return sharp(Buffer.from(data.buffer, data.byteOffset, data.byteLength), {
    raw: { width, height, channels: 4 },
  });
}

/** @returns the PNG with texts added to it */
export function withTexts(png: Buffer, texts: readonly PngText[]): Buffer {
  return Buffer.concat([png.subarray(0, TEXTS_OFFSET), textChunks(texts), png.subarray(TEXTS_OFFSET)]);
}

export function isOpaque(data: Uint8ClampedArray | Uint8Array): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false;
  return true;
}
