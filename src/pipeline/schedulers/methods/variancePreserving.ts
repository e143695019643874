/**
 * The arithmetic of samples √ᾱ·x₀ + √(1 − ᾱ)·ε: DDIM and PNDM. ᾱ comes from the training schedule.
 */
import { InternalError } from '../../../contract/errors';
import { alphasCumprod } from '../schedule/noiseSchedule';
import { combine } from '../schedule/numeric';
import { type Mixture, noiseOf, originalOf } from '../schedule/prediction';
import type { SchedulerSettings } from '../settings';

/** Source: DDIM, https://arxiv.org/abs/2010.02502, equations 4 and 9, where α is what diffusers calls `alphas_cumprod`. */
export class VariancePreserving {
  readonly #products: Float32Array;
  readonly #final: number;

  constructor(private readonly settings: SchedulerSettings) {
    this.#products = alphasCumprod(settings);
    this.#final = settings.setAlphaToOne ? 1 : this.at(0);
  }

  /** ᾱ at a timestep; before the first one, the end of the run: 1, or that of timestep 0. */
  at(timestep: number): number {
    if (timestep < 0) return this.#final;
    const alpha = this.#products[timestep];
    if (alpha === undefined)
      throw new InternalError(`timestep ${timestep} lies outside the training schedule`);
    return alpha;
  }

  /** x₀ as the UNet's prediction implies it. */
  original(prediction: Float32Array, sample: Float32Array, alpha: number): Float32Array {
    return originalOf(this.settings.predictionType, prediction, sample, mixtureOf(alpha));
  }

  /** ε as the UNet's prediction implies it. */
  noise(prediction: Float32Array, sample: Float32Array, alpha: number): Float32Array {
    return noiseOf(this.settings.predictionType, prediction, sample, mixtureOf(alpha));
  }

  addNoise(original: Float32Array, noise: Float32Array, timestep: number): Float32Array {
    const { alpha, sigma } = mixtureOf(this.at(timestep));
    return combine(alpha, original, sigma, noise);
  }
}

function mixtureOf(product: number): Mixture {
  return { alpha: Math.sqrt(product), sigma: Math.sqrt(1 - product) };
}
