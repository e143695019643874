/** What the gallery says about a result. */
import type { GalleryItem } from '../../state/gallery/gallery';
import { shortModelName } from '../../state/models/modelCatalogue';
import { bytesInWords } from '../../state/models/transfer';

const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function titleOf({ recipe }: GalleryItem): string {
  return recipe.request.prompt.trim() || 'No prompt';
}

export function madeAt({ recipe }: GalleryItem): string {
  return when.format(new Date(recipe.madeAt));
}

/** @param among all that are listed: where each was made is only said if they differ */
export function factsOf({ recipe, bytes }: GalleryItem, among: readonly GalleryItem[]): string[] {
  const { seed, model_name, num_inference_steps } = recipe.request;
  const isHosted = recipe.engine === 'hosted';
  const differ = among.some((other) => (other.recipe.engine === 'hosted') !== isHosted);
  return [
    shortModelName(model_name),
    `${num_inference_steps} steps`,
    ...(isHosted ? ['hosted API'] : differ && recipe.engine ? ['this device'] : []),
    `${recipe.width} × ${recipe.height}`,
    bytesInWords(bytes),
    `seed ${seed}`,
  ];
}
