/** DDPM (arXiv 2006.11239): as diffusers' DDPMScheduler, which models are trained with. Fresh noise at every step but the last. */
import { InputError } from '../../../contract/errors';
import { combine, roundHalfEven } from '../schedule/numeric';
import { spacedTimesteps } from '../schedule/timesteps';
import type { RandomNormal } from '../scheduler';
import {
  betas,
  clipping,
  leading,
  type OwnJudges,
  oneOf,
  type Parameters,
  type SchedulerSettings,
  thresholds,
  zeroSnr,
} from '../settings';
import { AlphaMethod } from './alphaMethod';

/** diffusers takes no less, since it may take the logarithm. */
const MIN_VARIANCE = 1e-20;

export class DdpmScheduler extends AlphaMethod {
  static readonly parameters = {
    ...betas,
    ...leading,
    ...clipping,
    ...thresholds,
    ...zeroSnr,
    varianceType: 'fixed_small',
  } as const satisfies Parameters;
  static readonly judges = {
    betaSchedule: oneOf('linear', 'scaled_linear', 'squaredcos_cap_v2', 'sigmoid'),
  } satisfies OwnJudges;

  constructor(settings: SchedulerSettings) {
    super({ ...settings, setAlphaToOne: true });
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
    const timestep = this.timestep(index);
    const alpha = this.alphaAt(timestep);
    const alphaPrevious = this.alphaAt(this.timestep(index + 1));
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
    // "fixed_small_log" is the small one, computed through its logarithm.
    return Math.sqrt(this.settings.varianceType === 'fixed_large' ? large : small);
  }
}
