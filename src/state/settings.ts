/** The API's fields as a person types them, and their check against the API's schema. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { type InpaintRequest, inpaintRequestSchema, type LoraOption, MAX_SEED } from '../engine/schema';
import { checkLoras, type LoraSetting } from './loras';
import { checkModelName, STARTER } from './models';

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
}

export type SettingsField = keyof Settings;
export type FieldErrors = Partial<Record<SettingsField, string>>;
/** The request's fields without picture and mask, and the LoRAs. */
export type CheckedSettings = Omit<InpaintRequest, 'image_url' | 'mask_url'> & {
  loras: readonly LoraOption[];
};

const { num_inference_steps, guidance_scale } = inpaintRequestSchema.shape;
/** What the API's schema allows and gives where nothing is typed. */
export const limits = {
  steps: { ...rangeOf(num_inference_steps.unwrap()), default: num_inference_steps.parse(undefined) },
  guidance: { ...rangeOf(guidance_scale.unwrap()), default: guidance_scale.parse(undefined) },
  seed: { min: 0, max: MAX_SEED },
};

function rangeOf(schema: { minValue: number | null; maxValue: number | null }) {
  return { min: schema.minValue ?? 0, max: schema.maxValue ?? Number.MAX_SAFE_INTEGER };
}

export function createSettings(): StoreApi<Settings> {
  return createStore<Settings>(() => ({
    model_name: STARTER,
    prompt: '',
    negative_prompt: '',
    num_inference_steps: String(limits.steps.default),
    guidance_scale: String(limits.guidance.default),
    seed: '',
    loras: [],
  }));
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
    errors.seed = 'Seed: a whole number from 0, or nothing for a random one.';
  }
  const loras = checkLoras(settings.loras);
  if (loras.error !== undefined) errors.loras = loras.error;
  if (Object.keys(errors).length > 0 || loras.checked === undefined) return { errors };
  const { model_name, prompt, negative_prompt } = settings;
  const checked = inpaintRequestSchema.omit({ image_url: true, mask_url: true }).parse({
    model_name,
    prompt,
    negative_prompt,
    num_inference_steps: steps,
    guidance_scale: guidance,
    seed,
  });
  return { checked: { ...checked, loras: loras.checked } };
}

/** Text to a number; NaN for what is none, which no schema accepts. */
function toNumber<Blank>(text: string, blank: Blank): number | Blank {
  return text.trim() === '' ? blank : Number(text);
}
