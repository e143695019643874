/**
 * The arithmetic of samples √ᾱ·x₀ + √(1 − ᾱ)·ε: DDIM and PNDM. ᾱ comes from the training schedule.
 */
import { InternalError } from '../../engine/errors';
import type { SchedulerSettings } from '../components';
import { alphasCumprod } from './noiseSchedule';
import { combine } from './numeric';

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
    const [root, noiseRoot] = [Math.sqrt(alpha), Math.sqrt(1 - alpha)];
    switch (this.settings.predictionType) {
      case 'epsilon':
        return combine(1 / root, sample, -noiseRoot / root, prediction);
      case 'v_prediction':
        return combine(root, sample, -noiseRoot, prediction);
      case 'sample':
        return prediction;
      default:
        throw new TypeError(`unknown prediction type ${this.settings.predictionType satisfies never}`);
    }
  }

  /** ε as the UNet's prediction implies it. */
  noise(prediction: Float32Array, sample: Float32Array, alpha: number): Float32Array {
    const [root, noiseRoot] = [Math.sqrt(alpha), Math.sqrt(1 - alpha)];
    switch (this.settings.predictionType) {
      case 'epsilon':
        return prediction;
      case 'v_prediction':
        return combine(root, prediction, noiseRoot, sample);
      case 'sample':
        return combine(1 / noiseRoot, sample, -root / noiseRoot, prediction);
      default:
        throw new TypeError(`unknown prediction type ${this.settings.predictionType satisfies never}`);
    }
  }

  addNoise(original: Float32Array, noise: Float32Array, timestep: number): Float32Array {
    const alpha = this.at(timestep);
    return combine(Math.sqrt(alpha), original, Math.sqrt(1 - alpha), noise);
  }
}
