/** DDIM with η = 0 (arXiv 2010.02502, formula 12), as diffusers' DDIMScheduler. */

import { combine, roundHalfEven } from '../schedule/numeric';
import { bounded } from '../schedule/prediction';
import { spacedTimesteps } from '../schedule/timesteps';
import type { Scheduler } from '../scheduler';
import type { SchedulerSettings } from '../settings';
import { VariancePreserving } from './variancePreserving';

export class DdimScheduler implements Scheduler {
  readonly order = 1;
  readonly initNoiseSigma = 1;
  timesteps: readonly number[] = [];
  readonly #alphas: VariancePreserving;
  /** Training timesteps between two of the run. */
  #stride = 1;

  constructor(private readonly settings: SchedulerSettings) {
    this.#alphas = new VariancePreserving(settings);
  }

  setTimesteps(steps: number): void {
    this.timesteps = spacedTimesteps(this.settings, steps).map(roundHalfEven);
    this.#stride = Math.floor(this.settings.numTrainTimesteps / steps);
  }

  step(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const timestep = this.#timestep(index);
    const alphaPrevious = this.#alphas.at(timestep - this.#stride);
    const original = this.denoised(prediction, index, sample);
    const noise = this.#alphas.noise(prediction, sample, this.#alphas.at(timestep));
    return combine(Math.sqrt(alphaPrevious), original, Math.sqrt(1 - alphaPrevious), noise);
  }

  denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const original = this.#alphas.original(prediction, sample, this.#alphas.at(this.#timestep(index)));
    return bounded(original, this.settings);
  }

  addNoise(original: Float32Array, noise: Float32Array, index: number): Float32Array {
    return this.#alphas.addNoise(original, noise, this.#timestep(index));
  }

  #timestep(index: number): number {
    return this.timesteps[index] ?? -1;
  }
}
