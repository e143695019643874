/**
 * A run: gathers picture, mask and plan, asks the engine, and pastes the answer back at the picture's own
 * resolution.
 */
import { defaultFeather, featherWeights, mixCrop } from '../editor/kernels/blend';
import { fitBox } from '../editor/kernels/box';
import { type CropPlan, defaultPadding, MIN_FRAME, planCrop, planFrame } from '../editor/kernels/crop';
import { isEmptyRect, type Rect, type Size } from '../editor/kernels/geometry';
import { scaleMask } from '../editor/kernels/mask';
import { fillMask } from '../editor/kernels/maskContent';
import type { Mask, Pixels } from '../editor/kernels/raster';
import type { EditorDocument, Surface } from '../editor/store';
import type { Call, Engine } from '../engine/engine';
import { InputError } from '../engine/errors';
import { type CheckedSettings, localOptionsOf } from './settings';

/** What a run needs of the browser's canvas and codecs. */
export interface Imaging {
  /** @throws with a message that names the file */
  open(file: Blob, name: string): Promise<Surface>;
  /** Encodes as PNG, scaled to `size`. */
  encode(pixels: Pixels, size: Size): Promise<Blob>;
  encodeMask(mask: Mask): Promise<Blob>;
  scale(pixels: Pixels, size: Size): Promise<Pixels>;
  /** Decodes what a URL holds, scaled to `size`. */
  decode(url: string, size: Size): Promise<Pixels>;
  /** A small encoded copy for the strip. */
  thumbnail(picture: Surface): Promise<Blob>;
}

export interface RunResult {
  picture: Surface;
  seed: number;
}

/** What a person may choose about the crop; what is null follows from the mask. */
export interface CropChoice {
  /** Whole image pixels. */
  frame: Rect | null;
  /** Image pixels around the mask; a chosen frame needs none. */
  padding: number | null;
}

const automatic: CropChoice = { frame: null, padding: null };

/**
 * What would be sent for this mask, or null while nothing is painted.
 * @param nativeSize side in pixels of the squares that the model was trained on
 */
export function planRun(
  imageSize: Size,
  maskBounds: Rect,
  nativeSize: number,
  { frame, padding }: CropChoice = automatic,
): CropPlan | null {
  if (isEmptyRect(maskBounds)) return null;
  if (frame) return planFrame(fitBox(frame, imageSize, MIN_FRAME), nativeSize);
  return planCrop({
    imageSize,
    maskBounds,
    nativeSize,
    padding: padding ?? defaultPadding(maskBounds, nativeSize),
  });
}

/** A run made ready: it holds all that it needs of the document, which may change from now on. */
export interface PreparedRun {
  settings: CheckedSettings;
  plan: CropPlan;
  picture: Surface;
  crop: Pixels;
  /** How much of the answer each pixel of the crop takes. */
  weights: Uint8Array;
  imageFile: Blob;
  maskFile: Blob;
}

/**
 * Gathers what a run sends. The document is only read, and only before the first wait: painting may go on.
 * @throws InputError if nothing is painted, or nothing inside a chosen frame
 */
export async function prepareRun(
  settings: CheckedSettings,
  { picture, mask }: EditorDocument,
  plan: CropPlan | null,
  imaging: Imaging,
): Promise<PreparedRun> {
  if (!plan) {
    throw new InputError('mask_url', 'Nothing is masked yet: paint over what should change, then generate.');
  }
  const { frame, size } = plan;
  const crop = picture.read(frame);
  const weights = featherWeights(mask, frame, settings.feather ?? defaultFeather(plan));
  if (!weights.some((weight) => weight > 0)) {
    throw new InputError(
      'mask_url',
      'Nothing is masked inside the frame: move the frame over the mask, or reset it to automatic.',
    );
  }
  const modelMask = scaleMask(mask, frame, size);
  const { mask_content, strength } = settings;
  const encodeImage = async () => {
    if (strength === 1 || mask_content === 'original') return imaging.encode(crop, size);
    return imaging.encode(fillMask(await imaging.scale(crop, size), modelMask, mask_content), size);
  };
  const [imageFile, maskFile] = await Promise.all([encodeImage(), imaging.encodeMask(modelMask)]);
  return { settings, plan, picture, crop, weights, imageFile, maskFile };
}

/**
 * Repaints the masked part of what was prepared, as often as one likes.
 * @param seed drawn by the engine if undefined
 * @returns a new picture of the same size; outside the mask its bytes are the old ones
 * @throws whatever the engine throws
 */
export async function paintRun(
  { settings, plan, picture, crop, weights, imageFile, maskFile }: PreparedRun,
  seed: number | undefined,
  engine: Engine,
  imaging: Imaging,
  call: Call,
): Promise<RunResult> {
  const { frame, size } = plan;
  const { model_name, prompt, negative_prompt, num_inference_steps, guidance_scale } = settings;
  const { image, seed: drawn } = await engine.inpaint(
    {
      ...{ model_name, prompt, negative_prompt, num_inference_steps, guidance_scale, seed },
      image_url: imageFile,
      mask_url: maskFile,
    },
    localOptionsOf(settings, size),
    call,
  );
  try {
    call.signal.throwIfAborted();
    const answer = await imaging.decode(image.url, frame);
    call.signal.throwIfAborted();
    const result = picture.copy();
    const matches = settings.colour_match;
    result.write(mixCrop({ crop, patch: answer, plan, weights, matches }), frame.x, frame.y);
    return { picture: result, seed: drawn };
  } finally {
    if (image.url.startsWith('blob:')) URL.revokeObjectURL(image.url);
  }
}
