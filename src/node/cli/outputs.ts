/** The command line's output file: checked before the run, written whole or not at all. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { InputError } from '../../contract/errors';
import { exifOf } from '../../image/files/exif';
import { withJpegParts } from '../../image/files/jpegSegments';
import type { PngText } from '../../image/files/pngText';
import { withWebpParts } from '../../image/files/webpChunks';
import type { Pixels } from '../../image/raster';
import { encodePng, fromPixels, isOpaque, withTexts } from '../images';
import { reasonOf } from '../systemError';

export type OutputKind = 'png' | 'jpeg' | 'webp';

const endings: Readonly<Record<string, OutputKind>> = {
  '.png': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.webp': 'webp',
};
/** The same as on the page: no visible loss in a photograph. */
const QUALITY = 92;

/** @returns the kind of file, by the path's extension @throws InputError for another extension, or none */
export function outputKind(field: string, path: string): OutputKind {
  const ending = extname(path).toLowerCase();
  const kind = Object.hasOwn(endings, ending) ? endings[ending] : undefined;
  if (kind !== undefined) return kind;
  const found = ending === '' ? 'has no extension' : `ends in ${ending}, which is not supported`;
  throw new InputError(field, `${field}: ${path} ${found}; use .png, .jpg or .webp`);
}

/**
 * Checks before the run that the result can be written: the folder exists and takes files, and the name does not belong
 * to a folder or a write-protected file.
 * @throws InputError
 */
export async function checkWritable(field: string, path: string): Promise<void> {
  const refuse = (reason: string) => new InputError(field, `${field}: ${path} cannot be written: ${reason}`);
  const folder = dirname(resolve(path));
  const found = await stat(folder).catch(() => null);
  if (!found) throw refuse(`the folder ${folder} does not exist; create it first`);
  if (!found.isDirectory()) throw refuse(`${folder} is a file, not a folder`);
  const before = await stat(path).catch(() => null);
  if (before?.isDirectory()) throw refuse('it is a folder; add a file name');
  try {
    if (before) await access(path, constants.W_OK);
    // A device or a pipe is written to directly.
    if (before && !before.isFile()) return;
    // Permissions are not enough: the disk may be read-only or full.
    const beside = besideOf(path);
    await (await open(beside, 'wx')).close();
    await unlink(beside);
  } catch (error) {
    throw refuse(reasonOf(error));
  }
}

/**
 * Writes a file beside its place and then moves it there, so that a reader finds either all of it or the previous file.
 * @throws InputError if that fails; the bytes are then saved to the system's temporary folder, if possible
 */
export async function writeFileAt(field: string, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeWhole(path, bytes);
  } catch (error) {
    const refuge = join(tmpdir(), `inlay-${randomBytes(4).toString('hex')}-${basename(path)}`);
    const saved = await writeWhole(refuge, bytes).then(
      () => `; it was saved to ${refuge} instead`,
      () => '',
    );
    throw new InputError(field, `${field}: ${path} cannot be written: ${reasonOf(error)}${saved}`);
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const before = await stat(path).catch(() => null);
  if (before && !before.isFile()) return writeFile(path, bytes);
  const beside = besideOf(path);
  try {
    await writeFile(beside, bytes, { flag: 'wx', ...(before && { mode: before.mode & 0o777 }) });
    await rename(beside, path);
  } catch (error) {
    await unlink(beside).catch(() => {});
    throw error;
  }
}

function besideOf(path: string): string {
  const whole = resolve(path);
  return join(dirname(whole), `.${basename(whole).slice(0, 200)}.${randomBytes(4).toString('hex')}.part`);
}

export interface EncodedFile {
  bytes: Uint8Array;
  contentType: string;
  /** What this kind of file loses, in a sentence; null if nothing. */
  note: string | null;
}

/**
 * Encodes an image with its profile and with texts about it, as PNG texts or as EXIF.
 * @param icc null if the values are plain sRGB
 */
export async function encodeFile(
  pixels: Pixels,
  kind: OutputKind,
  icc: Uint8Array<ArrayBuffer> | null,
  texts: readonly PngText[],
): Promise<EncodedFile> {
  if (kind === 'png') {
    return { bytes: withTexts(await encodePng(pixels, icc), texts), contentType: 'image/png', note: null };
  }
  const isClear = !isOpaque(pixels.data);
  const exif = exifOf(texts);
  const notes = [
    `${kind === 'jpeg' ? 'JPEG' : 'WebP'} also changes pixels outside the mask slightly; use .png to keep them exactly`,
    ...(isClear && kind === 'jpeg' ? ['transparent areas became white'] : []),
    ...(exif === null && texts.length > 0 ? ['the settings are too long to be stored in it'] : []),
  ];
  const raw = fromPixels(pixels);
  const opaque = isClear ? raw.flatten({ background: '#fff' }) : raw.removeAlpha();
  const bytes =
    kind === 'jpeg'
      ? withJpegParts(await opaque.jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' }).toBuffer(), {
          icc,
          exif,
        })
      : withWebpParts(await (isClear ? raw : opaque).webp({ quality: QUALITY }).toBuffer(), pixels, {
          icc,
          exif,
        });
  return { bytes, contentType: `image/${kind}`, note: notes.join('; ') };
}
