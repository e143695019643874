/**
 * A run: gathers picture, mask and plan, asks the engine, and pastes the answer back at the picture's own
 * resolution.
 */

import type { Call } from '../../contract/engine';
import { InputError } from '../../contract/errors';
import type { ModelSizes } from '../../contract/modelLibrary';
import type { EditorDocument, Pasted, Picture, PictureWork, Prepared } from '../../editor/store';
import { defaultFeather } from '../../image/blend';
import { fitBox } from '../../image/box';
import { type CropPlan, defaultPadding, MIN_FRAME, planCrop, planFrame } from '../../image/crop';
import { cropMask } from '../../image/edges';
import { growRect, intersectRect, isEmptyRect, type Rect, rectOfSize, type Size } from '../../image/geometry';
import type { RunTarget } from '../hosted/hosted';
import { resultTexts } from '../session/recipes';
import { type CheckedSettings, localOptionsOf } from '../settings/settings';

export interface RunResult extends Pasted {
  seed: number;
  /** Of the model's work alone; absent where the engine does not measure. */
  modelSeconds?: number;
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
 * @param sizes that the model works at
 */
export function planRun(
  imageSize: Size,
  maskBounds: Rect,
  sizes: ModelSizes,
  { frame, padding }: CropChoice = automatic,
): CropPlan | null {
  if (isEmptyRect(maskBounds)) return null;
  if (frame) return planFrame(fitBox(frame, imageSize, MIN_FRAME), sizes);
  return planCrop({
    imageSize,
    maskBounds,
    ...sizes,
    padding: padding ?? defaultPadding(maskBounds, sizes.nativeSize),
  });
}

/** A run made ready: it holds all that it needs of the document, which may change from now on. */
export interface PreparedRun extends Prepared {
  settings: CheckedSettings;
  plan: CropPlan;
  picture: Picture;
}

/**
 * Gathers what a run sends. The document is only read, and only before the first wait: painting may go on.
 * @throws InputError if nothing is painted, or nothing inside a chosen frame
 */
export async function prepareRun(
  settings: CheckedSettings,
  { picture, mask }: EditorDocument,
  plan: CropPlan | null,
  imaging: PictureWork,
): Promise<PreparedRun> {
  if (!plan) {
    throw new InputError('mask_url', 'Nothing is masked yet: paint over what should change, then generate.');
  }
  // One pixel more on each side: whether the mask ends at the frame decides about its feather.
  const part = intersectRect(growRect(plan.frame, 1), rectOfSize(mask));
  const prepared = await imaging.prepare({
    picture: picture.file,
    mask: cropMask(mask, part),
    maskAt: part,
    plan,
    feather: settings.feather ?? defaultFeather(plan),
    content: settings.strength === 1 ? null : settings.mask_content,
  });
  if (!prepared) {
    throw new InputError(
      'mask_url',
      'Nothing is masked inside the frame: move the frame over the mask, or reset it to automatic.',
    );
  }
  return { ...prepared, settings, plan, picture };
}

/**
 * Repaints the masked part of what was prepared, as often as one likes.
 * @param seed drawn by the engine if undefined
 * @returns a file of the same size; outside the mask its pixels are the old ones
 * @throws whatever the engine throws
 */
export async function paintRun(
  { settings, plan, picture, weights, imageFile, maskFile }: PreparedRun,
  seed: number | undefined,
  { kind, engine }: RunTarget,
  imaging: PictureWork,
  call: Call,
): Promise<RunResult> {
  const { model_name, prompt, negative_prompt, num_inference_steps, guidance_scale } = settings;
  const {
    image,
    seed: drawn,
    timings,
  } = await engine.inpaint(
    {
      ...{ model_name, prompt, negative_prompt, num_inference_steps, guidance_scale, seed },
      image_url: imageFile,
      mask_url: maskFile,
    },
    localOptionsOf(settings, plan.size),
    call,
  );
  const { url } = image;
  try {
    call.signal.throwIfAborted();
    const texts = resultTexts(kind, settings, plan, drawn, picture);
    const matches = settings.colour_match;
    const pasted = await imaging.paste({ picture: picture.file, url, plan, weights, matches, texts });
    call.signal.throwIfAborted();
    if (timings === undefined) return { ...pasted, seed: drawn };
    const milliseconds = Object.values(timings).reduce((sum, each) => sum + each, 0);
    return { ...pasted, seed: drawn, modelSeconds: milliseconds / 1000 };
  } finally {
    if (url.startsWith('blob:')) URL.revokeObjectURL(url);
  }
}
