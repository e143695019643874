/** DDIM with η = 0 (arXiv 2010.02502, formula 12), as diffusers' DDIMScheduler. */

import { combine, roundHalfEven } from '../schedule/numeric';
import { spacedTimesteps } from '../schedule/timesteps';
import { betas, clipping, leading, type Parameters, thresholds, zeroSnr } from '../settings';
import { AlphaMethod } from './alphaMethod';

export class DdimScheduler extends AlphaMethod {
  static readonly parameters = {
    ...betas,
    ...leading,
    ...clipping,
    ...thresholds,
    ...zeroSnr,
    setAlphaToOne: true,
  } as const satisfies Parameters;

  /** Training timesteps between two of the run. */
  #stride = 1;

  setTimesteps(steps: number): void {
    this.timesteps = spacedTimesteps(this.settings, steps).map(roundHalfEven);
    this.#stride = Math.floor(this.settings.numTrainTimesteps / steps);
  }

  step(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const timestep = this.timestep(index);
    const alphaPrevious = this.alphaAt(timestep - this.#stride);
    const original = this.denoised(prediction, index, sample);
    const noise = this.noise(prediction, sample, this.alphaAt(timestep));
    return combine(Math.sqrt(alphaPrevious), original, Math.sqrt(1 - alphaPrevious), noise);
  }
}
