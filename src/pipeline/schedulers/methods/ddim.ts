/** DDIM with η = 0 (arXiv 2010.02502, formula 12), as diffusers' DDIMScheduler. */

import { combine } from '../schedule/numeric';
import type { Scheduler } from '../scheduler';
import { VariancePreservingMethod } from './variancePreservingMethod';

export class DdimScheduler extends VariancePreservingMethod implements Scheduler {
  /** Training timesteps between two of the run. */
  #stride = 1;

  override setTimesteps(steps: number): void {
    super.setTimesteps(steps);
    this.#stride = Math.floor(this.settings.numTrainTimesteps / steps);
  }

  step(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const timestep = this.timestep(index);
    const alphaPrevious = this.alphas.at(timestep - this.#stride);
    const original = this.denoised(prediction, index, sample);
    const noise = this.alphas.noise(prediction, sample, this.alphas.at(timestep));
    return combine(Math.sqrt(alphaPrevious), original, Math.sqrt(1 - alphaPrevious), noise);
  }
}
