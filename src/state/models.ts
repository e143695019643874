/** The models that the page offers by name, and what it has to know of any model before a run. */
import type { ModelFacts, ModelFamily } from '../engine/models';
import { inpaintRequestSchema, STARTER } from '../engine/schema';

export interface ModelOffer {
  model_name: string;
  title: string;
  /** What it is good at, in a few words. */
  goodAt: string;
  /** Of the files that are fetched, by the device's precision; absent where it is known only after looking it up. */
  bytes?: { fp16: number; fp32: number };
  /** Absent where only its page says it. */
  licence?: string;
}

export { STARTER };

const sd15Bytes = { fp16: 2.13e9, fp32: 4.27e9 };
const sdxlBytes = { fp16: 7.11e9, fp32: 13.9e9 };

/**
 * What a person may begin with. Sizes are of the files that src/model/namedModels.test.ts has chosen. Licences are what the
 * models are known under; copies of the cards of SDXL inpainting, DreamShaper and SD Turbo (which points to Stability AI's
 * licence) were read, the other cards were not. The look-up of a model gives size and licence as they are now.
 */
export const offers: readonly ModelOffer[] = [
  {
    model_name: STARTER,
    title: 'Starter',
    goodAt: 'Trying the editor: rough pictures, at once and offline',
    bytes: { fp16: 0, fp32: 0 },
  },
  {
    model_name: 'stable-diffusion-v1-5/stable-diffusion-inpainting',
    title: 'Stable Diffusion 1.5 inpainting',
    goodAt: 'Made for inpainting, 512 px: a good first choice',
    bytes: sd15Bytes,
    licence: 'creativeml-openrail-m',
  },
  {
    model_name: 'diffusers/stable-diffusion-xl-1.0-inpainting-0.1',
    title: 'SDXL inpainting 0.1',
    goodAt: 'Made for inpainting, 1024 px: the finest detail, and the most memory',
    bytes: sdxlBytes,
    licence: 'openrail++',
  },
  {
    model_name: 'Lykon/dreamshaper-8-inpainting',
    title: 'DreamShaper 8 inpainting',
    goodAt: 'Made for inpainting, many styles; with an LCM LoRA for SD 1.5 in four steps',
    bytes: sd15Bytes,
    licence: 'creativeml-openrail-m',
  },
  {
    model_name: 'stabilityai/sd-turbo',
    title: 'SD Turbo',
    goodAt: 'Speed: 1 to 4 steps at guidance 0',
    bytes: { fp16: 2.58e9, fp32: 5.16e9 },
    licence: 'Stability AI’s own',
  },
  {
    model_name: 'SG161222/Realistic_Vision_V2.0',
    title: 'Realistic Vision 2.0',
    goodAt: 'Photographs; any picture, not made for inpainting',
    bytes: { fp16: 2.13e9, fp32: 3.85e9 },
  },
  {
    model_name: 'runwayml/stable-diffusion-v1-5',
    title: 'Stable Diffusion 1.5',
    goodAt: 'Any picture at 512 px; not made for inpainting',
    bytes: sd15Bytes,
    licence: 'creativeml-openrail-m',
  },
  {
    model_name: 'stabilityai/stable-diffusion-xl-base-1.0',
    title: 'SDXL base 1.0',
    goodAt: 'Any picture at 1024 px; not made for inpainting',
    bytes: sdxlBytes,
    licence: 'openrail++',
  },
];

/** Where more models are. */
export const MODELS_URL = 'https://huggingface.co/models?search=inpainting&library=diffusers';

/** The side of the squares that a model was trained on, by its name: for as long as its config is not read. */
export function guessedNativeSize(modelName: string): number {
  if (modelName === STARTER) return 256;
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
  return offers.find(({ model_name }) => model_name === modelName)?.title ?? modelName.replace(/^disk:/, '');
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
