/**
 * Work on whole images, which on the page runs in a worker: cutting out and encoding what a run sends, pasting its result
 * back, extending the canvas. Images come and go as files, which cost nothing to transfer.
 */
import type { CropPlan } from '../../image/crop';
import type { PngText } from '../../image/files/pngText';
import type { Rect, Size } from '../../image/geometry';
import { extendBorder, newParts, readBorder } from '../../image/outpaint';
import { type CropEncoder, type CropSource, pasteResult, prepareCrop } from '../../image/prepareAndPaste';
import type { Pixels } from '../../image/raster';
import type { Picture } from '../document/picture';
import type { Patch } from './maskOperations';
import type { Surface } from './surface';

export interface PrepareRequest extends CropSource {
  picture: Blob;
}

export interface Prepared {
  imageFile: Blob;
  maskFile: Blob;
  /** How much of the result each pixel of the frame takes. */
  weights: Uint8Array<ArrayBuffer>;
}

export interface PasteRequest {
  picture: Blob;
  /** Of the result. */
  url: string;
  plan: CropPlan;
  weights: Uint8Array<ArrayBuffer>;
  /** Whether the result's colours are matched to the image's. */
  matches: boolean;
  /** Texts that the file will carry. */
  texts: readonly PngText[];
}

/** An image as a PNG, and a small copy of it for the strip of versions. */
export interface Pasted {
  file: Blob;
  thumbnail: Blob;
}

export interface ExtendRequest {
  picture: Blob;
  /** Whole pixels in the image's coordinates, around the image. */
  canvas: Rect;
}

export interface PictureWork {
  /** @throws PictureError that names the file */
  open(file: Blob, name: string): Promise<Picture>;
  /** A small encoded copy for the strip of versions. */
  thumbnail(picture: Picture): Promise<Blob>;
  /** Gathers what a run sends. @returns null if nothing is masked inside the frame */
  prepare(request: PrepareRequest): Promise<Prepared | null>;
  /** Pastes a result into the image; pixels outside the mask stay as they are. */
  paste(request: PasteRequest): Promise<Pasted>;
  /** The image on a larger canvas; its edge is continued and blurred into the new area. */
  extend(request: ExtendRequest): Promise<Picture>;
}

/** Turns files into pixels and pixels into PNG files. */
export interface Codec extends CropEncoder<Blob> {
  open(file: Blob, name: string): Promise<Surface>;
  /** Decodes the image at a URL, scaled to `size`, in sRGB. */
  decode(url: string, size: Size): Promise<Pixels>;
  thumbnail(surface: Pick<Surface, 'width' | 'height' | 'source' | 'colourSpace'>): Promise<Blob>;
}

/** The image's name in messages, because this file was opened before. */
const AGAIN = 'the image';
/** Pixels of the new area that are computed at once. */
const SLICE_PIXELS = 2 ** 20;

/** @returns null if nothing is masked inside the frame @throws PictureError if the file cannot be read */
export async function runPrepare(codec: Codec, request: PrepareRequest): Promise<Prepared | null> {
  const { picture, ...source } = request;
  const prepared = await prepareCrop(() => codec.open(picture, AGAIN), source, codec);
  return prepared && { imageFile: prepared.image, maskFile: prepared.mask, weights: prepared.weights };
}

/** @throws PictureError if a file cannot be read, Error if the result cannot be fetched */
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

export interface CutOutRequest {
  picture: Blob;
  /** A part of the mask, inside the image. */
  part: Patch;
}

/**
 * What a mask covers, on transparency, as a PNG of the part's size in the image's own colours.
 * @throws PictureError if the file cannot be read
 */
export async function runCutOut(
  codec: Pick<Codec, 'open'>,
  { picture, part: { mask, place } }: CutOutRequest,
): Promise<Blob> {
  const surface = await codec.open(picture, AGAIN);
  const { width, height } = mask;
  const pixels = surface.read({ x: place.x, y: place.y, width, height });
  for (const [i, value] of mask.data.entries()) {
    pixels.data[i * 4 + 3] = Math.round(((pixels.data[i * 4 + 3] ?? 0) * value) / 255);
  }
  const cut = surface.placed({ width, height }, { x: -place.x, y: -place.y });
  cut.write(pixels, 0, 0);
  return cut.toPng();
}

/** @throws PictureError if the file cannot be read */
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
