/** DDPM (arXiv 2006.11239): as diffusers' DDPMScheduler, which models are trained with. Fresh noise at every step but the last. */
import { InputError } from '../../../contract/errors';
import { combine, roundHalfEven } from '../schedule/numeric';
import { bounded } from '../schedule/prediction';
import { spacedTimesteps } from '../schedule/timesteps';
import type { RandomNormal, Scheduler } from '../scheduler';
import type { SchedulerSettings } from '../settings';
import { VariancePreserving } from './variancePreserving';

/** diffusers takes no less, since it may take the logarithm. */
const MIN_VARIANCE = 1e-20;

export class DdpmScheduler implements Scheduler {
  readonly order = 1;
  readonly initNoiseSigma = 1;
  timesteps: readonly number[] = [];
  readonly #alphas: VariancePreserving;

  constructor(private readonly settings: SchedulerSettings) {
    this.#alphas = new VariancePreserving({ ...settings, setAlphaToOne: true });
  }

  setTimesteps(steps: number): void {
    const { numTrainTimesteps } = this.settings;
    if (steps > numTrainTimesteps) {
      throw new InputError(
        'num_inference_steps',
        `num_inference_steps: this scheduler makes at most ${numTrainTimesteps} steps, not ${steps}`,
      );
    }
    this.timesteps = spacedTimesteps(this.settings, steps).map(roundHalfEven);
  }

  /** Formula (7) of the paper: the mean of what x₀ and the sample imply, and noise around it. */
  step(prediction: Float32Array, index: number, sample: Float32Array, randn: RandomNormal): Float32Array {
    const timestep = this.#timestep(index);
    const alpha = this.#alphas.at(timestep);
    const alphaPrevious = this.#alphas.at(this.#timestep(index + 1));
    const kept = alpha / alphaPrevious;
    const original = this.denoised(prediction, index, sample);
    const mean = combine(
      (Math.sqrt(alphaPrevious) * (1 - kept)) / (1 - alpha),
      original,
      (Math.sqrt(kept) * (1 - alphaPrevious)) / (1 - alpha),
      sample,
    );
    if (timestep === 0) return mean;
    return combine(1, mean, this.#deviation(alpha, alphaPrevious), randn(sample.length));
  }

  #deviation(alpha: number, alphaPrevious: number): number {
    const large = 1 - alpha / alphaPrevious;
    const small = Math.max(((1 - alphaPrevious) / (1 - alpha)) * large, MIN_VARIANCE);
    // "fixed_small_log" is the small one by way of its logarithm.
    return Math.sqrt(this.settings.varianceType === 'fixed_large' ? large : small);
  }

  denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const original = this.#alphas.original(prediction, sample, this.#alphas.at(this.#timestep(index)));
    return bounded(original, this.settings);
  }

  addNoise(original: Float32Array, noise: Float32Array, index: number): Float32Array {
    return this.#alphas.addNoise(original, noise, this.#timestep(index));
  }

  /** −1 after the last. */
  #timestep(index: number): number {
    return this.timesteps[index] ?? -1;
  }
}
