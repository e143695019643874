/** The models that the page offers by name, and what it has to know of any model before a run. */

import type { ModelFacts, ModelFamily } from '../../contract/modelLibrary';
import { type ModelOffer, offerOf, offers } from '../../contract/modelSettings';
import { inpaintRequestSchema, STARTER } from '../../contract/schema';

export { type ModelOffer, offerOf, offers } from '../../contract/modelSettings';
export { STARTER };

/** Where more models are. */
export const MODELS_URL = 'https://huggingface.co/models?search=inpainting&library=diffusers';

/** The side of the squares that a model was trained on, by its name: for as long as its config is not read. */
export function guessedNativeSize(modelName: string): number {
  const offer = offerOf(modelName);
  if (offer) return offer.nativeSize;
  if (/sdxl-turbo/i.test(modelName)) return 512;
  if (/xl/i.test(modelName)) return 1024;
  if (/stable-diffusion-2(-1)?(\/|$)/i.test(modelName)) return 768;
  return 512;
}

const families: Readonly<Record<ModelFamily, string>> = {
  sd1: 'Stable Diffusion 1',
  sd2: 'Stable Diffusion 2',
  sdxl: 'Stable Diffusion XL',
};

/** `Stable Diffusion XL for inpainting, 1024 px` */
export function factsInWords({ family, isInpainting, nativeSize, fixedSize }: ModelFacts): string {
  const size = fixedSize ? `${fixedSize.width} × ${fixedSize.height} px only` : `${nativeSize} px`;
  return `${families[family]}${isInpainting ? ' for inpainting' : ''}, ${size}`;
}

/** Of a person's own files; the mark in front of their names is no part of what people call them. */
export function titleOf(modelName: string): string {
  return offerOf(modelName)?.title ?? modelName.replace(/^disk:/, '');
}

/** The model's name in few words, for captions. */
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
  if (!parsed.success) return 'Name a model: “starter”, a Hugging Face id, or an address.';
  return null;
}

/** What people call models that stand in the list; `suggestModels` reads them beside titles and ids. */
const nicknames: Readonly<Record<string, string>> = {
  'stable-diffusion-v1-5/stable-diffusion-inpainting': 'sd15 sd1.5 sd 1.5 stable diffusion inpaint runwayml',
  'runwayml/stable-diffusion-v1-5': 'sd15 sd1.5 sd 1.5 stable diffusion',
  'diffusers/stable-diffusion-xl-1.0-inpainting-0.1': 'sdxl xl stable diffusion xl inpaint',
  'stabilityai/stable-diffusion-xl-base-1.0': 'sdxl xl stable diffusion xl',
  'stabilityai/sd-turbo': 'sd turbo fast',
  'Lykon/dreamshaper-8-inpainting': 'dreamshaper dream shaper',
  'SG161222/Realistic_Vision_V2.0': 'realistic vision photo',
};
/** Kinds that are asked for often and cannot run: what runs instead is the one made for the same. */
const OTHER_KINDS = /^(flux|sd3|sd35|stablediffusion3|qwen|kandinsky|pixart|kolors|chroma|zimage)/;

const lettersOf = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');

/**
 * Models of the list that a short name may have meant: `sd15`, `stable-diffusion`, `dreamshaper`.
 * @returns at most two; none for ids, addresses and files, which say themselves what they mean
 */
export function suggestModels(typed: string): readonly ModelOffer[] {
  if (typed.length > 80 || /[/\\:]/.test(typed)) return [];
  const letters = lettersOf(typed);
  if (letters.length < 2) return [];
  const [best] = offers.filter(({ model_name }) => model_name !== STARTER);
  if (OTHER_KINDS.test(letters)) return best ? [best] : [];
  return offers
    .filter(({ model_name, title }) => {
      const names = [title, model_name, ...(nicknames[model_name] ?? '').split(' ')].map(lettersOf);
      return (
        names.some((name) => name.includes(letters)) ||
        lettersOf(nicknames[model_name] ?? '').includes(letters)
      );
    })
    .slice(0, 2);
}
