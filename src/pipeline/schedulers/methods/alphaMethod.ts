/**
 * What the methods based on ᾱ share, the proportion of the image in a sample's variance (DDIM, DDPM, PNDM, LCM, TCD):
 * samples √ᾱ·x₀ + √(1 − ᾱ)·ε.
 */
import { InternalError } from '../../../contract/errors';
import { alphasCumprod } from '../schedule/noiseSchedule';
import { bounded, type Mixture, noiseOf, originalOf } from '../schedule/prediction';
import type { SchedulerSettings } from '../settings';
import { Method } from './method';

/** Source: DDIM, https://arxiv.org/abs/2010.02502, equations 4 and 9, where α is what diffusers calls `alphas_cumprod`. */
export abstract class AlphaMethod extends Method {
  readonly #products: Float32Array;
  readonly #final: number;

  constructor(settings: SchedulerSettings) {
    super(settings);
    this.#products = alphasCumprod(settings);
    this.#final = settings.setAlphaToOne ? 1 : this.alphaAt(0);
  }

  /** ᾱ at a timestep; before the first one, the end of the run: 1, or that of timestep 0. */
  protected alphaAt(timestep: number): number {
    if (timestep < 0) return this.#final;
    const alpha = this.#products[timestep];
    if (alpha === undefined) throw new InternalError(`timestep ${timestep} is outside the training schedule`);
    return alpha;
  }

  /** −1 after the last. */
  protected timestep(index: number): number {
    return this.timesteps[index] ?? -1;
  }

  protected level(index: number): Mixture {
    return mixtureOf(this.alphaAt(this.timestep(index)));
  }

  /** x₀ as the prediction implies it, not bounded. */
  protected original(prediction: Float32Array, sample: Float32Array, alpha: number): Float32Array {
    return originalOf(this.settings.predictionType, prediction, sample, mixtureOf(alpha));
  }

  /** ε as the prediction implies it. */
  protected noise(prediction: Float32Array, sample: Float32Array, alpha: number): Float32Array {
    return noiseOf(this.settings.predictionType, prediction, sample, mixtureOf(alpha));
  }

  denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const original = this.original(prediction, sample, this.alphaAt(this.timestep(index)));
    return bounded(original, this.settings);
  }
}

function mixtureOf(product: number): Mixture {
  return { alpha: Math.sqrt(product), sigma: Math.sqrt(1 - product) };
}
