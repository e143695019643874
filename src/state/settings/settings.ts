/** The API's fields as a person types them, and their check against the API's schema. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { offerOf } from '../../contract/catalogue';
import { apiDefaults } from '../../contract/modelSettings';
import {
  type EmbeddingOption,
  type InpaintRequest,
  inpaintRequestSchema,
  type LocalOptions,
  type LoraOption,
  localOptionsSchema,
  MAX_SEED,
  type SchedulerName,
} from '../../contract/schema';
import type { Size } from '../../image/geometry';
import type { MaskContent } from '../../image/maskContent';
import { checkModelName, STARTER } from '../models/modelCatalogue';
import { checkEmbeddings, type EmbeddingSetting } from './embeddings';
import { checkLoras, type LoraSetting } from './loras';

export { schedulerNames } from '../../contract/schema';

/** The API's names; the three numbers as text, since what was typed stays until it is mended. */
export interface Settings {
  model_name: string;
  prompt: string;
  negative_prompt: string;
  num_inference_steps: string;
  guidance_scale: string;
  /** Blank: drawn at random for each run. */
  seed: string;
  /** Of the options that the API lacks. */
  loras: readonly LoraSetting[];
  embeddings: readonly EmbeddingSetting[];
  /** Blank: the model's own. */
  scheduler: SchedulerName | '';
  strength: string;
  /** What a run at a strength below 1 begins from, beneath the mask. */
  mask_content: MaskContent;
  /** How many pictures one press paints, at seeds that follow one another. */
  variations: string;
  /** Image pixels; blank: chosen by the mask. */
  crop_padding: string;
  feather: string;
  /** Whether the answer's colours are matched to the picture's at the mask's border. */
  colour_match: boolean;
}

export type SettingsField = keyof Settings;
export type FieldErrors = Partial<Record<SettingsField, string>>;
/** The request's fields without picture and mask, the LoRAs and the embeddings. */
export type CheckedSettings = Omit<InpaintRequest, 'image_url' | 'mask_url'> & {
  loras: readonly LoraOption[];
  embeddings: readonly EmbeddingOption[];
  scheduler?: SchedulerName;
  strength: number;
  mask_content: MaskContent;
  variations: number;
  crop_padding?: number;
  feather?: number;
  colour_match: boolean;
};

const { num_inference_steps, guidance_scale } = inpaintRequestSchema.shape;
/** What the API's schema allows and gives where nothing is typed. */
export const limits = {
  steps: { ...rangeOf(num_inference_steps.unwrap()), default: num_inference_steps.parse(undefined) },
  guidance: { ...rangeOf(guidance_scale.unwrap()), default: guidance_scale.parse(undefined) },
  seed: { min: 0, max: MAX_SEED },
  strength: { min: 0, max: 1, default: localOptionsSchema.shape.strength.parse(undefined) },
  variations: { min: 1, max: 4, default: 1 },
  padding: { min: 0, max: 2048 },
  feather: { min: 0, max: 256 },
};

function rangeOf(schema: { minValue: number | null; maxValue: number | null }) {
  return { min: schema.minValue ?? 0, max: schema.maxValue ?? Number.MAX_SAFE_INTEGER };
}

/** The page begins with the starter, at the settings that suit it. */
const starting = offerOf(STARTER)?.settings ?? apiDefaults;

const initial: Settings = {
  model_name: STARTER,
  prompt: '',
  negative_prompt: '',
  num_inference_steps: String(starting.num_inference_steps),
  guidance_scale: String(starting.guidance_scale),
  seed: '',
  loras: [],
  embeddings: [],
  scheduler: '',
  strength: String(limits.strength.default),
  mask_content: 'original',
  variations: String(limits.variations.default),
  crop_padding: '',
  feather: '',
  colour_match: true,
};

export function createSettings(): StoreApi<Settings> {
  return createStore<Settings>(() => initial);
}

/** What most runs leave as it is. */
export const moreSettings = [
  'variations',
  'crop_padding',
  'feather',
  'colour_match',
  'strength',
  'mask_content',
  'scheduler',
  'loras',
  'embeddings',
] as const satisfies readonly SettingsField[];

/** How many of those are set to something. */
export function changedMoreSettings(settings: Settings): number {
  return moreSettings.filter((field) =>
    field === 'loras' || field === 'embeddings'
      ? settings[field].length > 0
      : settings[field] !== initial[field],
  ).length;
}

/** Settings as the hosted API takes them: what it lacks is as if nobody had touched it. */
export function apiSettings(settings: Settings): Settings {
  const { loras, embeddings, scheduler, strength, mask_content } = initial;
  return { ...settings, loras, embeddings, scheduler, strength, mask_content };
}

/** @returns the request's fields, or what is wrong with each field that is */
export function checkSettings(
  settings: Settings,
): { checked: CheckedSettings; errors?: undefined } | { checked?: undefined; errors: FieldErrors } {
  const errors: FieldErrors = {};
  const model = checkModelName(settings.model_name);
  if (model) errors.model_name = model;
  const steps = toNumber(settings.num_inference_steps, limits.steps.default);
  if (!inpaintRequestSchema.shape.num_inference_steps.safeParse(steps).success) {
    errors.num_inference_steps = `Steps: a whole number from ${limits.steps.min} to ${limits.steps.max}.`;
  }
  const guidance = toNumber(settings.guidance_scale, limits.guidance.default);
  if (!inpaintRequestSchema.shape.guidance_scale.safeParse(guidance).success) {
    errors.guidance_scale = `Guidance scale: a number from ${limits.guidance.min} to ${limits.guidance.max}.`;
  }
  const seed = toNumber(settings.seed, undefined);
  if (!inpaintRequestSchema.shape.seed.safeParse(seed).success) {
    const most = limits.seed.max.toLocaleString('en');
    errors.seed = `Seed: a whole number from 0 to ${most}, or nothing for a random one.`;
  }
  const loras = checkLoras(settings.loras);
  if (loras.error !== undefined) errors.loras = loras.error;
  const embeddings = checkEmbeddings(settings.embeddings);
  if (embeddings.error !== undefined) errors.embeddings = embeddings.error;
  const strength = toNumber(settings.strength, limits.strength.default);
  if (!localOptionsSchema.shape.strength.safeParse(strength).success) {
    errors.strength = 'Strength: a number above 0, at most 1.';
  }
  const variations = toNumber(settings.variations, limits.variations.default);
  if (!isWhole(variations, limits.variations)) {
    errors.variations = `Variations: a whole number from 1 to ${limits.variations.max}.`;
  }
  const crop_padding = toNumber(settings.crop_padding, undefined);
  if (crop_padding !== undefined && !isWhole(crop_padding, limits.padding)) {
    errors.crop_padding = `Crop padding: whole pixels from 0 to ${limits.padding.max}, or nothing to leave it to the mask.`;
  }
  const feather = toNumber(settings.feather, undefined);
  if (feather !== undefined && !isWhole(feather, limits.feather)) {
    errors.feather = `Feather: whole pixels from 0 to ${limits.feather.max}, or nothing to leave it to the crop.`;
  }
  if (Object.keys(errors).length > 0 || !loras.checked || !embeddings.checked) return { errors };
  const { model_name, prompt, negative_prompt } = settings;
  const checked = inpaintRequestSchema.omit({ image_url: true, mask_url: true }).parse({
    model_name,
    prompt,
    negative_prompt,
    num_inference_steps: steps,
    guidance_scale: guidance,
    seed,
  });
  return {
    checked: {
      ...checked,
      loras: loras.checked,
      embeddings: embeddings.checked,
      ...(settings.scheduler !== '' && { scheduler: settings.scheduler }),
      strength,
      mask_content: settings.mask_content,
      colour_match: settings.colour_match,
      variations,
      ...(crop_padding !== undefined && { crop_padding }),
      ...(feather !== undefined && { feather }),
    },
  };
}

/** The options of a run whose picture the model sees at `size` pixels. */
export function localOptionsOf(
  { loras, embeddings, scheduler, strength }: CheckedSettings,
  size: Size,
): LocalOptions {
  return localOptionsSchema.parse({
    ...size,
    strength,
    ...(scheduler !== undefined && { scheduler }),
    ...(loras.length > 0 && { loras }),
    ...(embeddings.length > 0 && { embeddings }),
  });
}

/** What is typed as padding, as far as it is valid: for the frame that is shown while one types. */
export function paddingOf({ crop_padding }: Pick<Settings, 'crop_padding'>): number | null {
  const padding = toNumber(crop_padding, null);
  return padding !== null && isWhole(padding, limits.padding) ? padding : null;
}

/** Why the mask's content makes no difference; null where it does. */
export function contentIdle({ strength }: Pick<Settings, 'strength'>): string | null {
  return toNumber(strength, limits.strength.default) === 1
    ? 'At strength 1 the masked part begins from nothing: lower the strength to begin from something.'
    : null;
}

function isWhole(value: number, { min, max }: { min: number; max: number }): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

/** Text to a number; NaN for what is none, which no schema accepts. */
function toNumber<Blank>(text: string, blank: Blank): number | Blank {
  return text.trim() === '' ? blank : Number(text);
}
