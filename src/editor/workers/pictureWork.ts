/**
 * What is done with whole pictures, which on the page goes to a worker: what a run sends is cut out and encoded, its
 * answer is put back, the canvas is drawn out. Pictures come and go as files, which cost nothing to hand over.
 */
import type { CropPlan } from '../../image/crop';
import type { PngText } from '../../image/files/pngText';
import type { Rect, Size } from '../../image/geometry';
import { extendBorder, newParts, readBorder } from '../../image/outpaint';
import { type CropEncoder, type CropSource, pasteResult, prepareCrop } from '../../image/prepareAndPaste';
import type { Pixels } from '../../image/raster';
import type { Picture } from '../document/picture';
import type { Surface } from './surface';

export interface PrepareRequest extends CropSource {
  picture: Blob;
}

export interface Prepared {
  imageFile: Blob;
  maskFile: Blob;
  /** How much of the answer each pixel of the frame takes. */
  weights: Uint8Array<ArrayBuffer>;
}

export interface PasteRequest {
  picture: Blob;
  /** Where the answer lies. */
  url: string;
  plan: CropPlan;
  weights: Uint8Array<ArrayBuffer>;
  /** Whether the answer's colours are matched to the picture's. */
  matches: boolean;
  /** What the file shall say of itself. */
  texts: readonly PngText[];
}

/** A picture as a PNG, and a small copy of it for the strip. */
export interface Pasted {
  file: Blob;
  thumbnail: Blob;
}

export interface ExtendRequest {
  picture: Blob;
  /** Whole pixels in the picture's coordinates, around the picture. */
  canvas: Rect;
}

export interface PictureWork {
  /** @throws PictureError that names the file */
  open(file: Blob, name: string): Promise<Picture>;
  /** A small encoded copy for the strip. */
  thumbnail(picture: Picture): Promise<Blob>;
  /** Gathers what a run sends. @returns null where nothing is masked inside the frame */
  prepare(request: PrepareRequest): Promise<Prepared | null>;
  /** Puts an answer into the picture: outside the mask the bytes stay. */
  paste(request: PasteRequest): Promise<Pasted>;
  /** The picture on a larger canvas, with its edge carried on and blurred in what is new. */
  extend(request: ExtendRequest): Promise<Picture>;
}

/** Turns files into pixels and pixels into PNG files. */
export interface Codec extends CropEncoder<Blob> {
  open(file: Blob, name: string): Promise<Surface>;
  /** Decodes what a URL holds, scaled to `size`, in sRGB. */
  decode(url: string, size: Size): Promise<Pixels>;
  thumbnail(surface: Pick<Surface, 'width' | 'height' | 'source' | 'colourSpace'>): Promise<Blob>;
}

/** For messages: this file was opened before. */
const AGAIN = 'the picture';
/** Pixels of new canvas that are computed at once. */
const SLICE_PIXELS = 2 ** 20;

/** @returns null where nothing is masked inside the frame @throws PictureError where the file cannot be read */
export async function runPrepare(codec: Codec, request: PrepareRequest): Promise<Prepared | null> {
  const { picture, ...source } = request;
  const prepared = await prepareCrop(() => codec.open(picture, AGAIN), source, codec);
  return prepared && { imageFile: prepared.image, maskFile: prepared.mask, weights: prepared.weights };
}

/** @throws PictureError where a file cannot be read, Error where the answer cannot be fetched */
export async function runPaste(codec: Codec, request: PasteRequest): Promise<Pasted> {
  const { picture, url, texts, ...options } = request;
  const [surface, answer] = await Promise.all([
    codec.open(picture, AGAIN),
    codec.decode(url, request.plan.frame),
  ]);
  pasteResult(surface, answer, options);
  const [file, thumbnail] = await Promise.all([surface.toPng(texts), codec.thumbnail(surface)]);
  return { file, thumbnail };
}

/** @throws PictureError where the file cannot be read */
export async function runExtend(codec: Codec, { picture, canvas }: ExtendRequest): Promise<Surface> {
  const surface = await codec.open(picture, AGAIN);
  const border = readBorder(surface, (rect) => surface.read(rect));
  const larger = surface.placed(canvas, { x: -canvas.x, y: -canvas.y });
  for (const part of newParts(surface, canvas)) {
    const rows = Math.max(1, Math.floor(SLICE_PIXELS / part.width));
    for (let y = 0; y < part.height; y += rows) {
      const slice = { ...part, y: part.y + y, height: Math.min(rows, part.height - y) };
      larger.write(extendBorder(border, slice), slice.x - canvas.x, slice.y - canvas.y);
    }
  }
  return larger;
}
