/**
 * The settings that suit a model: the one table that the page, the command line and the server read. The recommended
 * models stand in it by id. Of others their configuration decides (a UNet that is told the guidance, the scheduler's
 * class and spacing), then words of their name, which is a guess and told as one. A model that nothing is known of has
 * no entry: the API's defaults hold.
 */
import type { KnownNetworks } from './knownNetworks';
import { inpaintRequestSchema, type SchedulerName, STARTER } from './schema';

/** The request's fields, and the scheduler, under the names of the API and of `LocalOptions`. */
export interface ModelSettings {
  num_inference_steps: number;
  guidance_scale: number;
  /** Absent: the model's own. */
  scheduler?: SchedulerName;
}

/** What a configuration says of how a model was trained to be run. */
export interface ModelTraits {
  /** Its UNet is told the guidance (`time_cond_proj_dim`): a latent consistency model, distilled whole. */
  readsGuidance: boolean;
  /** diffusers' class, e.g. `EulerDiscreteScheduler`; absent where no file says it. */
  scheduler?: string;
  /** The file's `timestep_spacing`, `prediction_type` and `rescale_betas_zero_snr`, where it has them. */
  spacing?: string;
  prediction?: string;
  zeroSnr?: boolean;
}

export interface SuitedSettings {
  settings: ModelSettings;
  /** How it is known; what comes from a name is a guess. */
  from: 'id' | 'configuration' | 'name';
}

export interface ModelOffer {
  model_name: string;
  title: string;
  /** What it is good at, in a few words. */
  goodAt: string;
  /** Side in pixels of the squares that it was trained on. */
  nativeSize: number;
  settings: ModelSettings;
  /** Absent for the embedded one, which always fits. */
  networks?: KnownNetworks;
  /** Of the files that are fetched, by the device's precision; absent where it is known only after looking it up. */
  bytes?: { fp16: number; fp32: number };
  /** Absent where only its page says it. */
  licence?: string;
}

const { num_inference_steps, guidance_scale } = inpaintRequestSchema.shape;
/** What the API gives where a field is left out; what undistilled models were made for. */
export const apiDefaults: ModelSettings = {
  num_inference_steps: num_inference_steps.parse(undefined),
  guidance_scale: guidance_scale.parse(undefined),
};

const sd15Bytes = { fp16: 2.13e9, fp32: 4.27e9 };
const sdxlBytes = { fp16: 7.11e9, fp32: 13.9e9 };

/**
 * What a person may begin with. Sizes are of the files that src/model/namedModels.test.ts has chosen. Licences are what the
 * models are known under; copies of the cards of SDXL inpainting, DreamShaper and SD Turbo (which points to Stability AI's
 * licence) were read, the other cards were not. The look-up of a model gives size and licence as they are now. Steps and
 * guidance of the starter are those that its card was scored with.
 */
export const offers: readonly ModelOffer[] = [
  {
    model_name: STARTER,
    title: 'Starter',
    goodAt: 'Trying the editor: rough pictures, at once and offline',
    nativeSize: 256,
    settings: { num_inference_steps: 6, guidance_scale: 1 },
    bytes: { fp16: 0, fp32: 0 },
  },
  {
    model_name: 'stable-diffusion-v1-5/stable-diffusion-inpainting',
    networks: 'sd15-inpaint',
    title: 'Stable Diffusion 1.5 inpainting',
    goodAt: 'Made for inpainting, 512 px: a good first choice',
    nativeSize: 512,
    settings: apiDefaults,
    bytes: sd15Bytes,
    licence: 'creativeml-openrail-m',
  },
  {
    model_name: 'diffusers/stable-diffusion-xl-1.0-inpainting-0.1',
    networks: 'sdxl-inpaint',
    title: 'SDXL inpainting 0.1',
    goodAt: 'Made for inpainting, 1024 px: the finest detail, and the most memory',
    nativeSize: 1024,
    settings: apiDefaults,
    bytes: sdxlBytes,
    licence: 'openrail++',
  },
  {
    model_name: 'Lykon/dreamshaper-8-inpainting',
    networks: 'sd15-inpaint',
    title: 'DreamShaper 8 inpainting',
    goodAt: 'Made for inpainting, many styles; with an LCM LoRA for SD 1.5 in four steps',
    nativeSize: 512,
    settings: apiDefaults,
    bytes: sd15Bytes,
    licence: 'creativeml-openrail-m',
  },
  {
    model_name: 'stabilityai/sd-turbo',
    networks: 'sd2-base',
    title: 'SD Turbo',
    goodAt: 'Speed: 1 to 4 steps at guidance 0',
    nativeSize: 512,
    settings: { num_inference_steps: 4, guidance_scale: 0 },
    bytes: { fp16: 2.58e9, fp32: 5.16e9 },
    licence: 'Stability AI’s own',
  },
  {
    model_name: 'SG161222/Realistic_Vision_V2.0',
    networks: 'sd15',
    title: 'Realistic Vision 2.0',
    goodAt: 'Photographs; not made for inpainting: edges may show',
    nativeSize: 512,
    settings: apiDefaults,
    bytes: { fp16: 2.13e9, fp32: 3.85e9 },
  },
  {
    model_name: 'runwayml/stable-diffusion-v1-5',
    networks: 'sd15',
    title: 'Stable Diffusion 1.5',
    goodAt: 'Any picture at 512 px; not made for inpainting: edges may show',
    nativeSize: 512,
    settings: apiDefaults,
    bytes: sd15Bytes,
    licence: 'creativeml-openrail-m',
  },
  {
    model_name: 'stabilityai/stable-diffusion-xl-base-1.0',
    networks: 'sdxl',
    title: 'SDXL base 1.0',
    goodAt: 'Any picture at 1024 px; not made for inpainting: edges may show',
    nativeSize: 1024,
    settings: apiDefaults,
    bytes: sdxlBytes,
    licence: 'openrail++',
  },
];

/** The recommended model of that id, also where it is written as the Hub's address. */
export function offerOf(modelName: string): ModelOffer | undefined {
  const id = modelName
    .trim()
    .replace(/^(https:\/\/)?(www\.)?(huggingface\.co|hf\.co)\//i, '')
    .replace(/\/$/, '')
    .toLowerCase();
  return offers.find(({ model_name }) => model_name.toLowerCase() === id);
}

/**
 * What suits a model, as well as it is known.
 * @param modelName an id, an address, a path, or the name of a person's own file
 * @param traits absent as long as its configuration is not read
 * @returns null where the table has no entry for it
 */
export function suitedSettings(modelName: string, traits?: ModelTraits): SuitedSettings | null {
  const offer = offerOf(modelName);
  if (offer) return { settings: offer.settings, from: 'id' };
  const steps = stepsIn(modelName);
  const configured = traits && byConfiguration(traits, steps);
  if (configured) return { settings: configured, from: 'configuration' };
  const guessed = byName(modelName, steps);
  return guessed && { settings: guessed, from: 'name' };
}

/** Classes that distilled models come with, whose UNets are told no guidance. */
const FEW_STEP_CLASSES = new Set(['EulerDiscreteScheduler', 'EulerAncestralDiscreteScheduler']);

/** @param steps that the name asks for */
function byConfiguration(traits: ModelTraits, steps: number | undefined): ModelSettings | null {
  const { readsGuidance, scheduler, spacing, prediction = 'epsilon', zeroSnr = false } = traits;
  // SimianLuo/LCM_Dreamshaper_v7 and latent-consistency/lcm-sdxl: their cards' 4 steps at guidance 8.
  if (readsGuidance) {
    const own = scheduler === undefined || scheduler === 'LCMScheduler' || scheduler === 'TCDScheduler';
    return {
      num_inference_steps: steps ?? 4,
      guidance_scale: 8,
      ...(!own && { scheduler: 'LCM' as const }),
    };
  }
  // Merged from an LCM LoRA: 4 to 8 steps at guidance 1 to 2.
  if (scheduler === 'LCMScheduler') return { num_inference_steps: steps ?? 8, guidance_scale: 1.5 };
  if (scheduler === 'TCDScheduler') return { num_inference_steps: steps ?? 4, guidance_scale: 0 };
  // SD Turbo, SDXL Turbo and SDXL Lightning begin at the last timestep; so do models of zero terminal SNR, which want
  // many steps.
  const isFew = scheduler !== undefined && FEW_STEP_CLASSES.has(scheduler) && spacing === 'trailing';
  if (isFew && prediction === 'epsilon' && !zeroSnr) {
    return { num_inference_steps: steps ?? 4, guidance_scale: 0 };
  }
  return null;
}

/** By the words that distilled models are named with. */
function byName(modelName: string, steps: number | undefined): ModelSettings | null {
  for (const part of namingParts(modelName)) {
    const words = wordsOf(part);
    const named = (...names: string[]) => words.some((word) => names.some((name) => word.endsWith(name)));
    if (named('lightning')) return { num_inference_steps: steps ?? 4, guidance_scale: 0 };
    if (named('turbo')) return { num_inference_steps: steps ?? 4, guidance_scale: 0 };
    // Not "hyper-realistic".
    const isHyper = words.some(
      (word, i) => word === 'hypersd' || (word === 'hyper' && !words[i + 1]?.startsWith('real')),
    );
    if (isHyper) {
      return { num_inference_steps: steps ?? 8, guidance_scale: 1 };
    }
    if (named('lcm')) return { num_inference_steps: steps ?? 8, guidance_scale: 1.5, scheduler: 'LCM' };
  }
  return null;
}

/** More is no number of steps that a model was distilled for. */
const MOST_NAMED_STEPS = 16;

/** The count in names such as `sdxl_lightning_4step`. */
function stepsIn(modelName: string): number | undefined {
  for (const part of namingParts(modelName)) {
    const words = wordsOf(part);
    const at = words.findIndex((word) => word === 'step' || word === 'steps');
    const count = Number(words[at - 1]);
    if (Number.isInteger(count) && count >= 1 && count <= MOST_NAMED_STEPS) return count;
  }
  return undefined;
}

/** Weights' file names say what a file is; the folder or repository that one lies in says it for all of them. */
const FILE_NAME = /\.(safetensors|ckpt|pt|pth|bin|onnx)$/i;

/**
 * What a model is called, the most telling first: the file, then its folder or repository. Owners and folders further
 * up name other things.
 */
function namingParts(modelName: string): string[] {
  const path = modelName
    .replace(/^disk:/, '')
    .replace(/[?#].*$/s, '')
    .replaceAll('\\', '/');
  const parts = path.split('/').filter((part) => part !== '');
  const at = parts.findIndex((part) => part === 'resolve' || part === 'blob' || part === 'tree');
  // Hub addresses: …/owner/name/resolve/revision/file
  const names = at < 0 ? parts : [...parts.slice(0, at), ...parts.slice(at + 2)];
  const last = names.at(-1);
  if (last === undefined) return [];
  const above = names.at(-2);
  return FILE_NAME.test(last) && above !== undefined ? [last.replace(FILE_NAME, ''), above] : [last];
}

/** `dreamshaperXL_v21TurboDPMSDE-4step` → dreamshaper xl v 21 turbo dpmsde 4 step; "hyperrealism" stays one word. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replace(/([0-9])([A-Za-z])/g, '$1 $2')
    .replace(/([A-Za-z])([0-9])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** `4 steps, guidance 0`, and the scheduler where it is not the model's own. */
export function settingsInWords({
  num_inference_steps,
  guidance_scale,
  scheduler,
}: Partial<ModelSettings>): string {
  return [
    num_inference_steps !== undefined && `${num_inference_steps} step${num_inference_steps === 1 ? '' : 's'}`,
    guidance_scale !== undefined && `guidance ${guidance_scale}`,
    scheduler !== undefined && `scheduler ${scheduler}`,
  ]
    .filter((part) => part !== false)
    .join(', ');
}
