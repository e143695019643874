/** In a worker: writes an image as PNG, JPEG or WebP, keeping as much as the format can. */
import { exifOf } from '../../image/files/exif';
import { withJpegParts } from '../../image/files/jpegSegments';
import { readPictureTexts } from '../../image/files/pictureTexts';
import { withWebpParts } from '../../image/files/webpChunks';
import { decodeWhole } from './decodePicture';
import { canvasSurface, createCanvas } from './surface';

export type EncodedType = 'image/png' | 'image/jpeg' | 'image/webp';

export interface Encoded {
  file: Blob;
  /** What was lost, as a sentence; null if it was just fine detail. */
  note: string | null;
}

/** No loss is visible in a photograph, at a fifth of a PNG's size. */
const QUALITY = 0.92;
const names = { 'image/jpeg': 'JPEG', 'image/webp': 'WebP' } as const;
/** The first bytes of a PNG. */
const PNG_SIGNATURE = '137,80,78,71,13,10,26,10';

/** @throws Error if this browser cannot write such a file */
export async function encodeAs(file: Blob, type: EncodedType): Promise<Encoded> {
  if (type === 'image/png') return { file: await asPng(file), note: null };
  const { bitmap, colourSpace, icc } = await decodeWhole(file, 'the image');
  const size = { width: bitmap.width, height: bitmap.height };
  const created = createCanvas(size, colourSpace, { willReadFrequently: true });
  if (!created)
    throw new Error(`This browser cannot hold an image of ${size.width} × ${size.height} pixels.`);
  const { canvas, context } = created;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  let note: string | null = null;
  if (type === 'image/jpeg' && isTransparent(context)) {
    note = 'JPEG has no transparency: transparent parts are now white.';
    context.globalCompositeOperation = 'destination-over';
    context.fillStyle = '#fff';
    context.fillRect(0, 0, size.width, size.height);
  }
  const encoded = await canvas.convertToBlob({ type, quality: QUALITY });
  // Browsers write PNG instead of a type that they cannot write.
  if (encoded.type !== type)
    throw new Error(`This browser cannot write ${names[type]}; choose another format.`);
  const exif = exifOf(await readPictureTexts(file));
  const bytes = new Uint8Array(await encoded.arrayBuffer());
  const parts = { icc, exif };
  const whole = type === 'image/jpeg' ? withJpegParts(bytes, parts) : withWebpParts(bytes, size, parts);
  return { file: new Blob([whole], { type }), note };
}

/** A file that is a PNG stays as it is, whatever its name says; others are converted without loss. */
async function asPng(file: Blob): Promise<Blob> {
  const start = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  if (start.join() === PNG_SIGNATURE)
    return file.type === 'image/png' ? file : new Blob([file], { type: 'image/png' });
  const { bitmap, ...colours } = await decodeWhole(file, 'the image');
  const { width, height } = bitmap;
  const surface = canvasSurface({ width, height }, bitmap, { x: 0, y: 0 }, colours);
  bitmap.close();
  return surface.toPng(await readPictureTexts(file));
}

/** Rows read at once: reading a whole photograph would double its memory. */
const ROWS = 256;

function isTransparent(context: OffscreenCanvasRenderingContext2D): boolean {
  const { width, height } = context.canvas;
  for (let y = 0; y < height; y += ROWS) {
    const { data } = context.getImageData(0, y, width, Math.min(ROWS, height - y));
    for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return true;
  }
  return false;
}
