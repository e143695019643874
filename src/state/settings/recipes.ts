/** From the settings of a run to the recipe in its file, and back from a file's recipe to settings. */
import { pickOptions } from '../../contract/options';
import { type Painter, type Recipe, readRecipe, recipeOf, recipeTexts } from '../../contract/recipe';
import { taskOf } from '../../contract/tasks';
import type { CropPlan } from '../../image/crop';
import { readPictureTexts } from '../../image/files/pictureTexts';
import type { PngText } from '../../image/files/pngText';
import type { Size } from '../../image/geometry';
import { emptyEmbedding } from './embeddings';
import { emptyLora } from './loras';
import { asTyped, type CheckedSettings, initialSettings, localOptionsOf, type Settings } from './settings';

/** What a file says about how it was made. */
export type Found = NonNullable<ReturnType<typeof readRecipe>>;

/** The texts in a result's PNG. */
export function resultTexts(
  engine: Painter,
  settings: CheckedSettings,
  plan: CropPlan,
  seed: number,
  picture: Size,
  madeAt = new Date(),
): PngText[] {
  const { seed: _, ...request } = pickOptions('request', settings);
  return recipeTexts(
    recipeOf({
      engine,
      request,
      options: localOptionsOf(settings, plan),
      page: pickOptions('page', settings),
      seed,
      width: picture.width,
      height: picture.height,
      madeAt,
    }),
  );
}

/** Reads what an image file says about how it was made; null if it says nothing. */
export async function foundIn(file: Blob): Promise<Found | null> {
  return readRecipe(await readPictureTexts(file));
}

/**
 * The settings that make the same result again, from the same image and mask. Of a removal by the embedded fill the seed
 * and what is around the mask: it has no prompt, and "Remove" finds it whatever model is chosen for prompts.
 */
export function settingsFrom(found: Found): Partial<Settings> {
  return found.recipe ? settingsFromRecipe(found.recipe) : asTyped(found.fields);
}

/** LoRAs and embeddings from the user's disk, which a page cannot open again by name. */
export function missingFiles({ options }: Recipe): string[] {
  const own = (name: string, entries: readonly { source: string; isFile: boolean }[]) =>
    entries.filter(({ isFile }) => isFile).map(({ source }) => `${name} ${source}`);
  return [...own('LoRA', options.loras), ...own('embedding', options.embeddings ?? [])];
}

function settingsFromRecipe({ request, options, page }: Recipe): Partial<Settings> {
  if (taskOf(request.model_name) === 'remove') {
    return asTyped({ seed: request.seed, crop_padding: page.crop_padding });
  }
  const { loras, embeddings = [], width: _width, height: _height, ...others } = options;
  return {
    // What the recipe does not say had its default.
    ...pickOptions('local', initialSettings),
    ...pickOptions('page', initialSettings),
    ...asTyped({ ...request, ...others, ...page }),
    loras: loras
      .filter(({ isFile }) => !isFile)
      .map(({ source, weight }) => ({ ...emptyLora(), source, weight: String(weight) })),
    embeddings: embeddings
      .filter(({ isFile }) => !isFile)
      .map(({ source, token = '' }) => ({ ...emptyEmbedding(), source, token })),
  };
}
