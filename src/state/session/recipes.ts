/** From the settings of a run to what its file carries, and from what a file carries back to settings. */

import {
  type FoundFields,
  type Painter,
  type Recipe,
  readRecipe,
  recipeOf,
  recipeTexts,
} from '../../contract/recipe';
import type { CropPlan } from '../../image/crop';
import { readPictureTexts } from '../../image/files/pictureTexts';
import type { PngText } from '../../image/files/pngText';
import type { Size } from '../../image/geometry';
import { maskContents } from '../../image/maskContent';
import { emptyEmbedding } from '../settings/embeddings';
import { emptyLora } from '../settings/loras';
import { type CheckedSettings, limits, localOptionsOf, type Settings } from '../settings/settings';

/** What a file says of its making. */
export type Found = NonNullable<ReturnType<typeof readRecipe>>;

/** The texts that a result's PNG carries. */
export function resultTexts(
  engine: Painter,
  settings: CheckedSettings,
  plan: CropPlan,
  seed: number,
  picture: Size,
  madeAt = new Date(),
): PngText[] {
  const { model_name, prompt, negative_prompt, num_inference_steps, guidance_scale } = settings;
  const { mask_content, crop_padding, feather, colour_match } = settings;
  return recipeTexts(
    recipeOf({
      engine,
      request: { model_name, prompt, negative_prompt, num_inference_steps, guidance_scale },
      options: localOptionsOf(settings, plan.size),
      page: {
        mask_content,
        ...(crop_padding !== undefined && { crop_padding }),
        ...(feather !== undefined && { feather }),
        ...(!colour_match && { colour_match }),
      },
      seed,
      width: picture.width,
      height: picture.height,
      madeAt,
    }),
  );
}

/** Reads what a picture file says of its making; null where it says nothing. */
export async function foundIn(file: Blob): Promise<Found | null> {
  return readRecipe(await readPictureTexts(file));
}

/** The settings that make such a picture again, on the same picture and mask. */
export function settingsFrom(found: Found): Partial<Settings> {
  return found.recipe ? settingsFromRecipe(found.recipe) : settingsFromFields(found.fields);
}

/** LoRAs and embeddings of the person's own disk, which no page can open again by name. */
export function missingFiles({ options }: Recipe): string[] {
  const own = (name: string, entries: readonly { source: string; isFile: boolean }[]) =>
    entries.filter(({ isFile }) => isFile).map(({ source }) => `${name} ${source}`);
  return [...own('LoRA', options.loras), ...own('embedding', options.embeddings ?? [])];
}

function settingsFromRecipe({ request, options, page }: Recipe): Partial<Settings> {
  const mask_content = maskContents.find((name) => name === page.mask_content) ?? 'original';
  return {
    model_name: request.model_name,
    prompt: request.prompt,
    negative_prompt: request.negative_prompt,
    num_inference_steps: String(request.num_inference_steps),
    guidance_scale: String(request.guidance_scale),
    seed: String(request.seed),
    loras: options.loras
      .filter(({ isFile }) => !isFile)
      .map(({ source, weight }) => ({ ...emptyLora(), source, weight: String(weight) })),
    embeddings: (options.embeddings ?? [])
      .filter(({ isFile }) => !isFile)
      .map(({ source, token = '' }) => ({ ...emptyEmbedding(), source, token })),
    scheduler: options.scheduler ?? '',
    strength: String(options.strength),
    mask_content,
    variations: String(limits.variations.default),
    crop_padding: textOf(page.crop_padding),
    feather: textOf(page.feather),
    colour_match: page.colour_match ?? true,
  };
}

function settingsFromFields(fields: FoundFields): Partial<Settings> {
  const { prompt, negative_prompt, num_inference_steps, guidance_scale, seed } = fields;
  return {
    prompt,
    negative_prompt,
    ...(num_inference_steps !== undefined && { num_inference_steps: String(num_inference_steps) }),
    ...(guidance_scale !== undefined && { guidance_scale: String(guidance_scale) }),
    ...(seed !== undefined && { seed: String(seed) }),
  };
}

function textOf(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}
