/** The settings that an image file says it was made with, whatever its kind. */
import { latin1 } from './bytes';
import { readExifTexts } from './exif';
import { jpegExif } from './jpegSegments';
import { kindOf } from './pictureKind';
import { type PngText, readTexts } from './pngText';

/** Texts come before the pixels of PNG and JPEG: this much of a file is read for them. */
const HEAD_BYTES = 2 ** 20;
/** Chunks of a WebP that are skipped on the way to its EXIF, which follows the pixels. */
const MAX_CHUNKS = 100;
/** Bytes of EXIF that are read; with a preview in it it has some 100,000. */
const MAX_EXIF_BYTES = 2 ** 20;

/** Settings under the keywords that a PNG has for them; empty if the file has none. */
export async function readPictureTexts(file: Blob): Promise<PngText[]> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const kind = kindOf(head);
  if (kind === 'png') return readTexts(head);
  const exif = kind === 'jpeg' ? jpegExif(head) : kind === 'webp' ? await webpExif(file) : null;
  return exif ? readExifTexts(exif) : [];
}

async function webpExif(file: Blob): Promise<Uint8Array | null> {
  for (let at = 12, passed = 0; at + 8 <= file.size && passed < MAX_CHUNKS; passed++) {
    const header = new Uint8Array(await file.slice(at, at + 8).arrayBuffer());
    const length = new DataView(header.buffer).getUint32(4, true);
    if (latin1(header.subarray(0, 4)) === 'EXIF') {
      const body = file.slice(at + 8, at + 8 + Math.min(length, MAX_EXIF_BYTES));
      const exif = new Uint8Array(await body.arrayBuffer());
      // Some programs put JPEG's prefix before it.
      return latin1(exif.subarray(0, 6)) === 'Exif\0\0' ? exif.subarray(6) : exif;
    }
    at += 8 + length + (length & 1);
  }
  return null;
}
