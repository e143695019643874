/** The models that Inlay offers by name: all that the page knows about each before looking it up. */
import type { KnownNetworks } from './knownNetworks';
import { apiDefaults, type ModelSettings } from './modelSettings';
import { STARTER } from './schema';

/** What a model is taken for, in a word: its card has a sign for each. */
export type Strength = 'try' | 'photo' | 'detail' | 'styles' | 'speed' | 'general' | 'remove';

export interface ModelOffer {
  model_name: string;
  title: string;
  /** What it is good at, in a few words. */
  goodAt: string;
  strength: Strength;
  /** Its UNet sees the mask and what is around it, so that edges fit; also true of models that only remove. */
  isForInpainting: boolean;
  /** Side in pixels of the squares that it was trained on. */
  nativeSize: number;
  /** It works at the image's own resolution. */
  ownScale?: true;
  settings: ModelSettings;
  /** Absent for the embedded model, which always fits. */
  networks?: KnownNetworks;
  /** Of the files to download, by the device's precision; absent if only a look-up can tell. */
  bytes?: { fp16: number; fp32: number };
  /** Absent if only its page says it. */
  licence?: string;
  /** What else people call it; short names that are typed are looked for among these too. */
  nicknames?: string;
}

const sd15Bytes = { fp16: 2.13e9, fp32: 4.27e9 };
const sdxlBytes = { fp16: 7.11e9, fp32: 13.89e9 };

/**
 * The models on offer, in the order in which the page lists them. src/model/namedModels.test.ts checks the sizes against
 * the files that are chosen. Licences are those that the models are known under; copies of the cards of SDXL inpainting,
 * DreamShaper and SD Turbo (which points to Stability AI's licence) were read, the other cards were not. Looking a model
 * up gives its current size and licence. The starter's steps and guidance are those that its card was scored with.
 */
export const offers: readonly ModelOffer[] = [
  {
    model_name: STARTER,
    title: 'Starter',
    goodAt: 'For trying out the editor: emoji-style objects, ready at once, works offline',
    strength: 'try',
    isForInpainting: true,
    nativeSize: 256,
    ownScale: true,
    settings: { num_inference_steps: 6, guidance_scale: 1 },
    bytes: { fp16: 0, fp32: 0 },
  },
  {
    model_name: 'stable-diffusion-v1-5/stable-diffusion-inpainting',
    nicknames: 'sd15 sd1.5 sd 1.5 stable diffusion inpaint runwayml photo photoreal photorealistic',
    networks: 'sd15-inpaint',
    title: 'Stable Diffusion 1.5 inpainting',
    goodAt: 'Photo-real images, made for inpainting, 512 px: a good first choice',
    strength: 'photo',
    isForInpainting: true,
    nativeSize: 512,
    settings: apiDefaults,
    bytes: sd15Bytes,
    licence: 'creativeml-openrail-m',
  },
  {
    model_name: 'diffusers/stable-diffusion-xl-1.0-inpainting-0.1',
    nicknames: 'sdxl xl stable diffusion xl inpaint photo photoreal photorealistic',
    networks: 'sdxl-inpaint',
    title: 'SDXL inpainting 0.1',
    goodAt: 'Photo-real images, made for inpainting, 1024 px: the finest detail, and the most memory',
    strength: 'detail',
    isForInpainting: true,
    nativeSize: 1024,
    settings: apiDefaults,
    bytes: sdxlBytes,
    licence: 'openrail++',
  },
  {
    model_name: 'Lykon/dreamshaper-8-inpainting',
    nicknames: 'dreamshaper dream shaper',
    networks: 'sd15-inpaint',
    title: 'DreamShaper 8 inpainting',
    goodAt: 'Made for inpainting in many styles; four steps are enough with an LCM LoRA for SD 1.5',
    strength: 'styles',
    isForInpainting: true,
    nativeSize: 512,
    settings: apiDefaults,
    bytes: sd15Bytes,
    licence: 'creativeml-openrail-m',
  },
  {
    model_name: 'stabilityai/sd-turbo',
    nicknames: 'sd turbo fast',
    networks: 'sd2-base',
    title: 'SD Turbo',
    goodAt: 'Speed: 1 to 4 steps at guidance 0; edges may show when inpainting',
    strength: 'speed',
    isForInpainting: false,
    nativeSize: 512,
    settings: { num_inference_steps: 4, guidance_scale: 0 },
    bytes: { fp16: 2.58e9, fp32: 5.16e9 },
    licence: 'Stability AI licence',
  },
  {
    model_name: 'SG161222/Realistic_Vision_V2.0',
    nicknames: 'realistic vision photo photoreal photorealistic',
    networks: 'sd15',
    title: 'Realistic Vision 2.0',
    goodAt: 'Photographs; edges may show when inpainting',
    strength: 'photo',
    isForInpainting: false,
    nativeSize: 512,
    settings: apiDefaults,
    bytes: { fp16: 2.13e9, fp32: 3.85e9 },
  },
  {
    model_name: 'runwayml/stable-diffusion-v1-5',
    nicknames: 'sd15 sd1.5 sd 1.5 stable diffusion',
    networks: 'sd15',
    title: 'Stable Diffusion 1.5',
    goodAt: 'General purpose, 512 px; edges may show when inpainting',
    strength: 'general',
    isForInpainting: false,
    nativeSize: 512,
    settings: apiDefaults,
    bytes: sd15Bytes,
    licence: 'creativeml-openrail-m',
  },
  {
    model_name: 'stabilityai/stable-diffusion-xl-base-1.0',
    nicknames: 'sdxl xl stable diffusion xl',
    networks: 'sdxl',
    title: 'SDXL base 1.0',
    goodAt: 'General purpose, 1024 px; edges may show when inpainting',
    strength: 'general',
    isForInpainting: false,
    nativeSize: 1024,
    settings: apiDefaults,
    bytes: sdxlBytes,
    licence: 'openrail++',
  },
  {
    model_name: 'Carve/LaMa-ONNX',
    nicknames: 'lama big lama remove removal eraser object',
    title: 'LaMa',
    goodAt: 'Taking things away: large areas and patterns, at 512 px, always the same result',
    strength: 'remove',
    isForInpainting: true,
    nativeSize: 512,
    settings: apiDefaults,
    bytes: { fp16: 2.1e8, fp32: 2.1e8 },
    licence: 'apache-2.0',
  },
  {
    model_name: 'andraniksargsyan/migan',
    nicknames: 'migan mi-gan remove removal eraser object',
    title: 'MI-GAN',
    goodAt: 'Taking things away, small and fast, at 512 px, always the same result',
    strength: 'remove',
    isForInpainting: true,
    nativeSize: 512,
    settings: apiDefaults,
    bytes: { fp16: 3e7, fp32: 3e7 },
    licence: 'mit',
  },
];

/** The offered model with that id, also if it is written as a URL of the Hub. */
export function offerOf(modelName: string): ModelOffer | undefined {
  const id = modelName
    .trim()
    .replace(/^(https:\/\/)?(www\.)?(huggingface\.co|hf\.co)\//i, '')
    .replace(/\/$/, '')
    .toLowerCase();
  return offers.find(({ model_name }) => model_name.toLowerCase() === id);
}
