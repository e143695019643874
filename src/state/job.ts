/**
 * A run: gathers picture, mask and plan, asks the engine, and pastes the answer back at the picture's own
 * resolution.
 */
import { blend, defaultFeather, featherWeights } from '../editor/kernels/blend';
import { type CropPlan, defaultPadding, planCrop } from '../editor/kernels/crop';
import { isEmptyRect, type Rect, type Size } from '../editor/kernels/geometry';
import { scaleMask } from '../editor/kernels/mask';
import type { Mask, Pixels } from '../editor/kernels/raster';
import type { EditorDocument, Surface } from '../editor/store';
import type { Call, Engine } from '../engine/engine';
import { InputError } from '../engine/errors';
import { localOptionsSchema } from '../engine/schema';
import type { CheckedSettings } from './settings';

/** What a run needs of the browser's canvas and codecs. */
export interface Imaging {
  /** @throws with a message that names the file */
  open(file: Blob, name: string): Promise<Surface>;
  /** Encodes as PNG, scaled to `size`. */
  encode(pixels: Pixels, size: Size): Promise<Blob>;
  encodeMask(mask: Mask): Promise<Blob>;
  /** Decodes what a URL holds, scaled to `size`. */
  decode(url: string, size: Size): Promise<Pixels>;
  /** A small encoded copy for the strip. */
  thumbnail(picture: Surface): Promise<Blob>;
}

export interface RunResult {
  picture: Surface;
  seed: number;
}

/**
 * What would be sent for this mask, or null while nothing is painted.
 * @param nativeSize side in pixels of the squares that the model was trained on
 */
export function planRun(imageSize: Size, maskBounds: Rect, nativeSize: number): CropPlan | null {
  if (isEmptyRect(maskBounds)) return null;
  return planCrop({ imageSize, maskBounds, nativeSize, padding: defaultPadding(maskBounds, nativeSize) });
}

/**
 * Repaints the masked part of the document's picture. The document itself is only read, and only before
 * the engine is asked: painting may go on while it runs.
 * @returns a new picture of the same size; outside the mask its bytes are the old ones
 * @throws InputError if nothing is painted, and whatever the engine throws
 */
export async function run(
  settings: CheckedSettings,
  { picture, mask }: EditorDocument,
  plan: CropPlan | null,
  engine: Engine,
  imaging: Imaging,
  call: Call,
): Promise<RunResult> {
  if (!plan) {
    throw new InputError('mask_url', 'Nothing is masked yet: paint over what should change, then generate.');
  }
  const { frame, size } = plan;
  const crop = picture.read(frame);
  const weights = featherWeights(mask, frame, defaultFeather(plan));
  const [image_url, mask_url] = await Promise.all([
    imaging.encode(crop, size),
    imaging.encodeMask(scaleMask(mask, frame, size)),
  ]);
  call.signal.throwIfAborted();
  const { loras, ...fields } = settings;
  const request = { ...fields, image_url, mask_url };
  const { image, seed } = await engine.inpaint(
    request,
    localOptionsSchema.parse({ ...size, ...(loras.length > 0 && { loras }) }),
    call,
  );
  try {
    call.signal.throwIfAborted();
    const answer = await imaging.decode(image.url, frame);
    call.signal.throwIfAborted();
    const result = picture.copy();
    result.write(blend(crop, answer, weights), frame.x, frame.y);
    return { picture: result, seed };
  } finally {
    if (image.url.startsWith('blob:')) URL.revokeObjectURL(image.url);
  }
}
