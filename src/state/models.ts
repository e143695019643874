/** The models that the page offers by name, and what it has to know of any model before a run. */
import { offerOf } from '../engine/modelSettings';
import type { ModelFacts, ModelFamily } from '../engine/models';
import { inpaintRequestSchema, STARTER } from '../engine/schema';

export { type ModelOffer, offers } from '../engine/modelSettings';
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
