/** Reads and writes pictures under Node, through sharp. */
import { readFile, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { type PngText, TEXTS_OFFSET, textChunks } from '../editor/kernels/pngText';
import { InputError, messageOf, NetworkError } from '../engine/errors';
import type { Pixels } from '../pipeline/pixels';
import { fileReason } from './systemError';

/** Larger pictures are refused: 2^28 pixels, 1 GiB of RGBA. */
const MAX_PIXELS = 2 ** 28;

/**
 * Reads a picture upright (EXIF orientation applied), as RGBA.
 * @param field the argument to name in errors
 * @param source a path, or an http(s) or data: URL
 * @throws InputError where it is missing or no picture
 */
export async function readImage(field: string, source: string): Promise<Pixels> {
  return decodeImage(field, await readSource(field, source), source);
}

/** The same with its format: `png`, `jpeg`, `webp` … */
export async function readPicture(
  field: string,
  source: string,
): Promise<{ pixels: Pixels; format: string | undefined }> {
  const bytes = await readSource(field, source);
  const pixels = await decodeImage(field, bytes, source);
  const { format } = await sharp(bytes, { limitInputPixels: MAX_PIXELS }).metadata();
  return { pixels, format };
}

/**
 * Decodes a picture upright, as RGBA.
 * @param name what it is called in errors
 * @throws InputError where it is no picture
 */
export async function decodeImage(field: string, bytes: Uint8Array, name: string): Promise<Pixels> {
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS })
      .rotate()
      .toColourspace('srgb')
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return {
      data: new Uint8ClampedArray(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
      width: info.width,
      height: info.height,
    };
  } catch (error) {
    throw new InputError(
      field,
      `${field}: ${name} cannot be read as a picture (${messageOf(error)}); use PNG, JPEG, WebP, AVIF, GIF or TIFF`,
    );
  }
}

async function readSource(field: string, source: string): Promise<Uint8Array> {
  if (!/^(https?|data):/.test(source)) {
    return readFile(source).catch((error: unknown) => {
      throw new InputError(field, `${field}: ${source} cannot be opened: ${fileReason(error)}`);
    });
  }
  const response = await fetch(source).catch((error: unknown) => {
    throw new NetworkError(
      `${field}: ${source} could not be fetched (${messageOf(error)}); check the network`,
    );
  });
  if (!response.ok) throw new InputError(field, `${field}: ${source} was answered with ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** @returns bytes of a PNG without the alpha channel where the picture is opaque */
export async function encodePng({ data, width, height }: Pixels): Promise<Buffer> {
  const raw = sharp(Buffer.from(data.buffer, data.byteOffset, data.byteLength), {
    raw: { width, height, channels: 4 },
  });
  return (isOpaque(data) ? raw.removeAlpha() : raw).png().toBuffer();
}

/** @returns the PNG with texts that say what it is */
export function withTexts(png: Buffer, texts: readonly PngText[]): Buffer {
  return Buffer.concat([png.subarray(0, TEXTS_OFFSET), textChunks(texts), png.subarray(TEXTS_OFFSET)]);
}

/** @throws InputError where the place cannot be written */
export async function writeFileAt(field: string, path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes).catch((error: unknown) => {
    throw new InputError(field, `${field}: ${path} cannot be written (${messageOf(error)})`);
  });
}

function isOpaque(data: Uint8ClampedArray | Uint8Array): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false;
  return true;
}
