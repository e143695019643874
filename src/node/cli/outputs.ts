/** Files that the command line writes: looked at before the run, written whole or not at all. */
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
import type { Pixels } from '../../image/pixels';
import { encodePng, fromPixels, isOpaque, withTexts } from '../images';
import { reasonOf } from '../systemError';

export type OutputKind = 'png' | 'jpeg' | 'webp';

const endings: Readonly<Record<string, OutputKind>> = {
  '.png': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.webp': 'webp',
};
/** As the page's: nothing of a photograph is seen to be lost. */
const QUALITY = 92;

/** @returns the kind of file that a path's ending names @throws InputError for another ending, or none */
export function outputKind(field: string, path: string): OutputKind {
  const ending = extname(path).toLowerCase();
  const kind = Object.hasOwn(endings, ending) ? endings[ending] : undefined;
  if (kind !== undefined) return kind;
  const found = ending === '' ? 'has no ending' : `ends in ${ending}`;
  throw new InputError(
    field,
    `${field}: ${path} ${found}, which says no kind of file; end it in .png, .jpg or .webp`,
  );
}

/**
 * Looks whether a file can be written, so that nobody waits for a picture that has no place: the folder is there, takes
 * files, and no folder or write-protected file has the name.
 * @throws InputError
 */
export async function checkWritable(field: string, path: string): Promise<void> {
  const refuse = (reason: string) => new InputError(field, `${field}: ${path} cannot be written: ${reason}`);
  const folder = dirname(resolve(path));
  const found = await stat(folder).catch(() => null);
  if (!found) throw refuse(`the folder ${folder} does not exist; make it first`);
  if (!found.isDirectory()) throw refuse(`${folder} is a file, not a folder`);
  const before = await stat(path).catch(() => null);
  if (before?.isDirectory()) throw refuse('it is a folder; add a file name');
  try {
    if (before) await access(path, constants.W_OK);
    // A device or a pipe is written as it is.
    if (before && !before.isFile()) return;
    // Permissions alone do not tell: disks may be read-only or full.
    const beside = besideOf(path);
    await (await open(beside, 'wx')).close();
    await unlink(beside);
  } catch (error) {
    throw refuse(reasonOf(error));
  }
}

/**
 * Writes a file beside its place and then moves it there: whoever looks finds all of it or what was there before.
 * @throws InputError where that fails; the bytes then lie in the system's folder for temporary files, if that takes them
 */
export async function writeFileAt(field: string, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeWhole(path, bytes);
  } catch (error) {
    const refuge = join(tmpdir(), `inlay-${randomBytes(4).toString('hex')}-${basename(path)}`);
    const saved = await writeWhole(refuge, bytes).then(
      () => `; it lies at ${refuge} now`,
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
  /** What this kind of file loses, in a sentence; null where nothing. */
  note: string | null;
}

/**
 * Encodes a picture with its profile and with what the file shall say of itself: as PNG's texts, or as EXIF.
 * @param icc null where the values are plain sRGB
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
    `${kind === 'jpeg' ? 'JPEG' : 'WebP'} changes values a little outside the mask too; --out with .png keeps each`,
    ...(isClear && kind === 'jpeg' ? ['what was transparent is white'] : []),
    ...(exif === null && texts.length > 0 ? ['the settings are too long to be kept in it'] : []),
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
