/** The models that the page offers by name, and what it has to know of any model before a run. */
import { inpaintRequestSchema, STARTER } from '../engine/schema';

export interface ModelOffer {
  model_name: string;
  title: string;
  detail: string;
}

export { STARTER };

export const offers: readonly ModelOffer[] = [
  { model_name: STARTER, title: 'Starter', detail: 'embedded · 256 px · works offline' },
];

/** Where better models are. */
export const MODELS_URL = 'https://huggingface.co/models?search=inpainting&library=diffusers';

/**
 * The side of the squares that a model was trained on, by its name: what decides before its config is read
 * how large a part of the picture it gets.
 */
export function nativeSizeOf(modelName: string): number {
  if (modelName === STARTER) return 256;
  if (/sdxl-turbo/i.test(modelName)) return 512;
  if (/xl/i.test(modelName)) return 1024;
  if (/stable-diffusion-2(-1)?(\/|$)/i.test(modelName)) return 768;
  return 512;
}

/** The model's name in few words, for captions. */
export function shortModelName(modelName: string): string {
  const parts = modelName
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
