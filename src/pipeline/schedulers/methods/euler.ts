/**
 * Euler's method and its ancestral form (k-diffusion's `sample_euler`, `sample_euler_ancestral`), as diffusers'
 * EulerDiscreteScheduler without churn and EulerAncestralDiscreteScheduler.
 */

import { SchedulerKeyError } from '../config';
import { combine, interpolate } from '../schedule/numeric';
import type { RandomNormal } from '../scheduler';
import { betas, type Parameters, type SchedulerSettings, shapes, spacing, zeroSnr } from '../settings';
import { SigmaMethod } from './sigmaMethod';

const { fround } = Math;

abstract class EulerMethod extends SigmaMethod {
  /**
   * From the noise level of `index` down to `sigmaDown` along the straight line through x₀. In torch's own float32
   * operations: with a zero-SNR schedule σ begins at 4096 and their rounding shows in the fifth digit.
   */
  protected descend(
    prediction: Float32Array,
    index: number,
    sample: Float32Array,
    sigmaDown: number,
  ): Float32Array {
    const sigma = this.sigma(index);
    const distance = fround(sigmaDown - sigma);
    const derivative = this.derivative(sample, this.denoised(prediction, index, sample), sigma);
    return sample.map((x, i) => x + fround((derivative[i] ?? 0) * distance));
  }
}

export class EulerScheduler extends EulerMethod {
  static readonly parameters = {
    ...betas,
    ...spacing,
    ...shapes,
    ...zeroSnr,
    interpolationType: 'linear',
    timestepType: 'discrete',
    finalSigmasType: 'zero',
  } as const satisfies Parameters;

  setTimesteps(steps: number): void {
    const { timesteps, sigmas } = this.schedule(steps);
    const last = this.settings.finalSigmasType === 'zero' ? 0 : (this.trainingSigmas[0] ?? 0);
    // Models trained on σ itself get a quarter of its logarithm; diffusers does so only for those that predict v.
    const isTold =
      this.settings.timestepType === 'continuous' && this.settings.predictionType === 'v_prediction';
    this.timesteps = isTold ? sigmas.map((sigma) => fround(0.25 * Math.log(sigma))) : timesteps;
    this.sigmas = Float32Array.from([...sigmas, last]);
  }

  step(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    return this.descend(prediction, index, sample, this.sigma(index + 1));
  }
}

export class EulerAncestralScheduler extends EulerMethod {
  static readonly parameters = { ...betas, ...spacing, ...zeroSnr } as const satisfies Parameters;

  constructor(settings: SchedulerSettings) {
    super(settings);
    if (settings.predictionType === 'sample') {
      throw new SchedulerKeyError('prediction_type', 'is "sample", which Euler ancestral does not know');
    }
  }

  setTimesteps(steps: number): void {
    this.timesteps = this.spaced(steps);
    const sigmas = this.timesteps.map((timestep) => interpolate(this.trainingSigmas, timestep));
    this.sigmas = Float32Array.from([...sigmas, 0]);
  }

  /** Goes below the next noise level and comes back up with fresh noise; the last step, too, draws some. */
  step(prediction: Float32Array, index: number, sample: Float32Array, randn: RandomNormal): Float32Array {
    const from = this.sigma(index);
    const to = this.sigma(index + 1);
    const up = Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2);
    const down = Math.sqrt(to ** 2 - up ** 2);
    return combine(1, this.descend(prediction, index, sample, down), up, randn(sample.length));
  }
}
