/**
 * The samplers of distilled models, few steps each: latent consistency models (arXiv 2310.04378) as diffusers'
 * LCMScheduler, and trajectory consistency distillation (arXiv 2402.19159) as TCDScheduler.
 */
import { InputError } from '../../../contract/errors';
import { SchedulerKeyError } from '../config';
import { combine } from '../schedule/numeric';
import type { RandomNormal } from '../scheduler';
import {
  clipping,
  latentDiffusionBetas,
  leading,
  type Parameters,
  type SchedulerSettings,
  thresholds,
  zeroSnr,
} from '../settings';
import { AlphaMethod } from './alphaMethod';

const { fround } = Math;
/** Standard deviation of the data, which the boundary condition of consistency models is written with. */
const SIGMA_DATA = 0.5;

abstract class ConsistencyMethod extends AlphaMethod {
  static readonly parameters = {
    ...latentDiffusionBetas,
    ...leading,
    ...clipping,
    ...thresholds,
    ...zeroSnr,
    betaSchedule: 'scaled_linear',
    originalInferenceSteps: 50,
    clipSample: false,
    setAlphaToOne: true,
    timestepScaling: 10,
  } as const satisfies Parameters;

  constructor(settings: SchedulerSettings) {
    super(settings);
    if (settings.originalInferenceSteps > settings.numTrainTimesteps) {
      throw new SchedulerKeyError(
        'original_inference_steps',
        `is ${settings.originalInferenceSteps}, more than num_train_timesteps`,
      );
    }
  }

  /** Evenly spaced positions of the schedule that the model was distilled on. */
  setTimesteps(steps: number): void {
    const { numTrainTimesteps, originalInferenceSteps: distilled } = this.settings;
    if (steps > distilled) {
      throw new InputError(
        'num_inference_steps',
        `num_inference_steps: this scheduler makes at most ${distilled} steps, not ${steps}; distilled models need 4 to 8`,
      );
    }
    const stride = Math.floor(numTrainTimesteps / distilled);
    this.timesteps = Array.from({ length: steps }, (_, i) => {
      const position = Math.floor(i * (distilled / steps));
      return (distilled - position) * stride - 1;
    });
  }

  protected isLast(index: number): boolean {
    return index === this.timesteps.length - 1;
  }
}

export class LcmScheduler extends ConsistencyMethod {
  /** Jumps to the clean image, and back up to the next noise level with fresh noise; the last step stays clean. */
  step(prediction: Float32Array, index: number, sample: Float32Array, randn: RandomNormal): Float32Array {
    const scaled = this.timestep(index) * this.settings.timestepScaling;
    const keep = SIGMA_DATA ** 2 / (scaled ** 2 + SIGMA_DATA ** 2);
    const weight = scaled / Math.sqrt(scaled ** 2 + SIGMA_DATA ** 2);
    const clean = combine(weight, this.denoised(prediction, index, sample), keep, sample);
    if (this.isLast(index)) return clean;
    return this.addNoise(clean, randn(sample.length), index + 1);
  }
}

export class TcdScheduler extends ConsistencyMethod {
  /**
   * Jumps along the trajectory past the next timestep, to (1 − η) of it, and comes back up with fresh noise; the last step
   * ends at timestep 0. With η = 0 it draws nothing.
   */
  step(prediction: Float32Array, index: number, sample: Float32Array, randn: RandomNormal): Float32Array {
    const { eta } = this.settings;
    const next = this.isLast(index) ? 0 : this.timestep(index + 1);
    const target = Math.floor(fround(fround(1 - eta) * next)); // torch multiplies in float32
    const alpha = this.alphaAt(this.timestep(index));
    const alphaTarget = this.alphaAt(target);
    const jumped = combine(
      Math.sqrt(alphaTarget),
      this.original(prediction, sample, alpha),
      Math.sqrt(1 - alphaTarget),
      this.noise(prediction, sample, alpha),
    );
    if (eta === 0 || this.isLast(index)) return jumped;
    const ratio = this.alphaAt(next) / alphaTarget;
    return combine(Math.sqrt(ratio), jumped, Math.sqrt(1 - ratio), randn(sample.length));
  }

  /** As its steps use it: never bounded, whatever the file says. */
  override denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    return this.original(prediction, sample, this.alphaAt(this.timestep(index)));
  }
}
