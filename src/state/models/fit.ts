/** Whether a model runs on this device, in words, before it is downloaded. */
import { offerOf } from '../../contract/catalogue';
import type { EngineStatus } from '../../contract/engine';
import { familyOfNetworks } from '../../contract/knownNetworks';
import type { Fit, ModelFacts } from '../../contract/modelLibrary';
import { apiDefaults } from '../../contract/modelSettings';
import { suitedSettings } from '../../contract/suitedSettings';
import type { ModelLibraryState } from './modelState';
import { about, type Pace, unitsOf, type Work } from './pace';

/** A model that takes longer per image is called slow. */
const SLOW_SECONDS = 120;

export interface FitInWords {
  kind: 'fits' | 'slow' | 'tooLarge';
  /** For one image; null if neither a run nor the device was measured. */
  seconds: number | null;
  text: string;
}

/**
 * @param name as it is looked up or recommended
 * @returns null until it was checked
 */
export function fitInWords(
  name: string,
  { fits, lookups }: Pick<ModelLibraryState, 'fits' | 'lookups'>,
  provider: EngineStatus['provider'],
  pace: Pick<Pace, 'pictureSeconds'>,
): FitInWords | null {
  const fit: Fit | undefined = fits[name];
  if (fit === undefined) return null;
  if (fit.verdict === 'tooLarge') {
    const [needed, available] = [fit.neededBytes, fit.availableBytes].map(inGigabytes);
    return {
      kind: 'tooLarge',
      seconds: null,
      text: `Too large for this device: needs ${needed} of memory, ${available} available`,
    };
  }
  const lookup = lookups[name];
  const facts = lookup?.state === 'found' ? lookup.details : undefined;
  const seconds = pictureSeconds(name, facts, pace);
  const time = seconds === null ? '' : `, ${about(seconds)} per image`;
  if (seconds === null ? provider === 'wasm' : seconds > SLOW_SECONDS) {
    return { kind: 'slow', seconds, text: `Slow on this device${time || ': runs use the CPU'}` };
  }
  return { kind: 'fits', seconds, text: `Fits this device${time}` };
}

/** Rounded as in the errors of runs. */
function inGigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function pictureSeconds(
  name: string,
  facts: ModelFacts | undefined,
  pace: Pick<Pace, 'pictureSeconds'>,
): number | null {
  const work = workOf(name, facts);
  return work && pace.pictureSeconds(work);
}

/** What an image costs, compared with other models: known before the device is measured. Infinite if it isn't known. */
export function relativeCost(name: string): number {
  const work = workOf(name, undefined);
  return work === null ? Number.POSITIVE_INFINITY : unitsOf(work);
}

/** One image at the model's native size with its default settings. */
function workOf(name: string, facts: ModelFacts | undefined): Work | null {
  const offer = offerOf(name);
  const family = facts?.family ?? (offer?.networks && familyOfNetworks(offer.networks));
  const side = facts?.nativeSize ?? offer?.nativeSize;
  if (family === undefined || side === undefined) return null;
  const settings = suitedSettings(name, facts?.traits)?.settings ?? apiDefaults;
  const { num_inference_steps: steps, guidance_scale: guidance } = settings;
  return { family, steps, guidance, pixels: side * side };
}
