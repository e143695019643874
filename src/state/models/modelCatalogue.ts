/** The models that the page offers by name, and what it needs to know about any model before a run. */

import { type ModelOffer, offerOf, offers } from '../../contract/catalogue';
import { familyTitle, nativeSizeByName } from '../../contract/families';
import { fillSizes } from '../../contract/fill';
import type { ModelFacts, ModelSizes } from '../../contract/modelLibrary';
import { FILL, inpaintRequestSchema, STARTER } from '../../contract/schema';
import { selectorOf } from '../../contract/selectors';
import { taskOf } from '../../contract/tasks';

export { type ModelOffer, offerOf, offers, type Strength } from '../../contract/catalogue';
export { type Task, taskOf } from '../../contract/tasks';
export { STARTER };

/** In front of a model's id: the page with its examples, terms and licence. */
export const HUB_PAGE = 'https://huggingface.co/';

/** More models on the Hub. */
export const MODELS_URL = 'https://huggingface.co/models?search=inpainting&library=diffusers';

/** The side of the squares that a model was trained on, by its name: for as long as its config is not read. */
export function guessedNativeSize(modelName: string): number {
  return offerOf(modelName)?.nativeSize ?? nativeSizeByName(modelName);
}

/** The sizes at which a model works, by its name: for as long as its config is not read. */
export function guessedSizes(modelName: string): ModelSizes {
  if (modelName.trim() === FILL) return fillSizes;
  const nativeSize = guessedNativeSize(modelName);
  if (taskOf(modelName) === 'remove') {
    return { nativeSize, fixedSize: { width: nativeSize, height: nativeSize }, removes: true };
  }
  const ownScale = offerOf(modelName)?.ownScale;
  return { nativeSize, ...(ownScale && { ownScale }) };
}

/** `Stable Diffusion XL for inpainting, 1024 px` */
export function factsInWords({
  family,
  isInpainting,
  nativeSize,
  fixedSize,
  ownScale,
  removes,
}: ModelFacts): string {
  if (ownScale) return `${familyTitle(family)}, at the image’s own resolution`;
  const size = fixedSize ? `${fixedSize.width} × ${fixedSize.height} px only` : `${nativeSize} px`;
  return `${familyTitle(family)}${isInpainting && !removes ? ' for inpainting' : ''}, ${size}`;
}

/** `licence openrail++`, but `Stability AI licence` as it is. */
export function licenceInWords(licence: string): string {
  return licence.endsWith('licence') ? licence : `licence ${licence}`;
}

/** The name to show: for the user's own files without the mark in front of it. */
export function titleOf(modelName: string): string {
  return offerOf(modelName)?.title ?? selectorOf(modelName)?.title ?? modelName.replace(/^disk:/, '');
}

/** Whether a model selects, and does not paint. */
export function isSelector(modelName: string): boolean {
  return selectorOf(modelName) !== undefined;
}

/** The model's short name, for captions. */
export function shortModelName(modelName: string): string {
  const parts = modelName
    .replace(/^disk:/, '')
    .replace(/\/(resolve|tree)\/[^/]+\/?$/, '')
    .split('/')
    .filter(Boolean);
  return parts.at(-1) ?? modelName;
}

/** @returns what is wrong with the name, or null */
export function checkModelName(modelName: string): string | null {
  const parsed = inpaintRequestSchema.shape.model_name.safeParse(modelName);
  if (!parsed.success) return 'Enter a model: “starter”, a Hugging Face id or a URL.';
  return null;
}

/** Kinds that are asked for often and cannot run: what runs instead is the one made for the same. */
const OTHER_KINDS = /^(flux|sd3|sd35|stablediffusion3|qwen|kandinsky|pixart|kolors|chroma|zimage)/;

/** Whether a name is that of a kind which Inlay has no networks for, such as Flux. */
export function cannotRun(typed: string): boolean {
  return OTHER_KINDS.test(lettersOf(typed));
}

const lettersOf = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');

/**
 * Models of the list that a short name may have meant: `sd15`, `stable-diffusion`, `dreamshaper`.
 * @returns at most two; none for ids, URLs and files, which are unambiguous
 */
export function suggestModels(typed: string): readonly ModelOffer[] {
  if (typed.length > 80 || /[/\\:]/.test(typed)) return [];
  const letters = lettersOf(typed);
  if (letters.length < 2) return [];
  const [best] = offers.filter(({ model_name }) => model_name !== STARTER);
  if (cannotRun(typed)) return best ? [best] : [];
  return offers
    .filter(({ model_name, title, nicknames = '' }) => {
      const names = [title, model_name, nicknames, ...nicknames.split(' ')].map(lettersOf);
      return names.some((name) => name.includes(letters));
    })
    .slice(0, 2);
}
