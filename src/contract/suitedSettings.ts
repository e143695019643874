/**
 * Which settings suit a model: the one answer that the page, the command line and the server share. Offered models are
 * looked up by id. For others their configuration decides (a UNet that is told the guidance, the scheduler's class and
 * spacing), then words in their name, which is a guess and is called one. A model that nothing is known of has no answer:
 * the API's defaults apply.
 */
import { offerOf } from './catalogue';
import type { ModelSettings, ModelTraits } from './modelSettings';

export interface SuitedSettings {
  settings: ModelSettings;
  /** How it is known; what comes from a name is a guess. */
  from: 'id' | 'configuration' | 'name';
}

/**
 * What suits a model, as well as it is known.
 * @param modelName an id, an address, a path, or the name of the user's own file
 * @param traits absent as long as its configuration is not read
 * @returns null if the table has no entry for it
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

/** No model was distilled for more steps. */
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

/** Weights' file names say what a file is; its folder or repository says it for all of them. */
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
