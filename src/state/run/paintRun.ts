/** A run: gathers image, mask and crop, asks the engine, and pastes the result back at the image's own resolution. */
import type { Call } from '../../contract/engine';
import { InputError } from '../../contract/errors';
import type { ModelSizes } from '../../contract/modelLibrary';
import { pickOptions } from '../../contract/options';
import type { EditorDocument, Pasted, Picture, PictureWork, Prepared } from '../../editor/store';
import { fitBox } from '../../image/box';
import { type CropPlan, defaultPadding, MIN_FRAME, planCrop, planFrame } from '../../image/crop';
import { cropMask } from '../../image/edges';
import { defaultFeather } from '../../image/featheredPaste';
import { growRect, intersectRect, isEmptyRect, type Rect, rectOfSize, type Size } from '../../image/geometry';
import type { RunTarget } from '../hosted/hosted';
import { resultTexts } from '../settings/recipes';
import { type CheckedSettings, localOptionsOf } from '../settings/settings';

export interface RunResult extends Pasted {
  seed: number;
  /** Only the model's work; absent if the engine does not measure it. */
  modelSeconds?: number;
}

/** What the user may choose about the crop; null: follows from the mask. */
export interface CropChoice {
  /** Whole image pixels. */
  frame: Rect | null;
  /** Image pixels around the mask; a chosen frame needs none. */
  padding: number | null;
}

const automatic: CropChoice = { frame: null, padding: null };

/**
 * The crop that would be sent for this mask; null if it is empty.
 * @param sizes at which the model works
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
    padding: padding ?? defaultPadding(maskBounds, sizes),
  });
}

/** A prepared run: it holds all that it needs from the document, which may change from now on. */
export interface PreparedRun extends Prepared {
  settings: CheckedSettings;
  plan: CropPlan;
  picture: Picture;
}

/**
 * Gathers what a run sends. The document is only read, and only before the first await, so the user can keep painting.
 * @throws InputError if nothing is masked, or nothing inside a chosen frame
 */
export async function prepareRun(
  settings: CheckedSettings,
  { picture, mask }: Pick<EditorDocument, 'picture' | 'mask'>,
  plan: CropPlan | null,
  imaging: PictureWork,
): Promise<PreparedRun> {
  if (!plan) {
    throw new InputError('mask_url', 'Paint over the area you want to change first.');
  }
  // One pixel more on each side: the feather depends on whether the mask ends at the frame.
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
      'Nothing is masked inside the frame. Move the frame over the mask, or reset it to automatic.',
    );
  }
  return { ...prepared, settings, plan, picture };
}

/**
 * Repaints the masked area of a prepared run; may be called again for another seed.
 * @param seed drawn by the engine if undefined
 * @returns a file of the same size; outside the mask its pixels are the old ones
 * @throws what the engine throws
 */
export async function paintRun(
  { settings, plan, picture, weights, imageFile, maskFile }: PreparedRun,
  seed: number | undefined,
  { kind, engine }: RunTarget,
  imaging: PictureWork,
  call: Call,
): Promise<RunResult> {
  const {
    image,
    seed: drawn,
    timings,
  } = await engine.inpaint(
    {
      ...pickOptions('request', settings),
      seed,
      image_url: imageFile,
      mask_url: maskFile,
    },
    localOptionsOf(settings, plan),
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
