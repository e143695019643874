/** Heun's method, of second order, without churn (algorithm 1 of arXiv 2206.00364): diffusers' HeunDiscreteScheduler. */
import { combine } from '../schedule/numeric';
import { bounded } from '../schedule/prediction';
import {
  clipping,
  latentDiffusionBetas,
  type OwnJudges,
  oneOf,
  type Parameters,
  shapes,
  spacing,
} from '../settings';
import { SigmaMethod } from './sigmaMethod';

export class HeunScheduler extends SigmaMethod {
  static readonly parameters = {
    ...latentDiffusionBetas,
    ...spacing,
    ...shapes,
    ...clipping,
    clipSample: false,
  } as const satisfies Parameters;
  static readonly judges = {
    betaSchedule: oneOf('linear', 'scaled_linear', 'squaredcos_cap_v2', 'exp'),
  } satisfies OwnJudges;

  override readonly order = 2;
  /** The current step, between its two evaluations. */
  #begun: { sample: Float32Array; derivative: Float32Array } | undefined;

  setTimesteps(steps: number): void {
    const { timesteps, sigmas } = this.schedule(steps);
    // Each step is evaluated at its start and at its end; the last, which ends without noise, only once.
    this.timesteps = timesteps.flatMap((timestep, i) => (i === 0 ? [timestep] : [timestep, timestep]));
    this.sigmas = Float32Array.from([
      ...sigmas.flatMap((sigma, i) => (i === 0 ? [sigma] : [sigma, sigma])),
      0,
    ]);
    this.#begun = undefined;
  }

  step(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const derivative = this.derivative(sample, this.denoised(prediction, index, sample), this.sigma(index));
    const begun = this.#begun;
    if (!begun) {
      this.#begun = { sample, derivative };
      return combine(1, sample, this.sigma(index + 1) - this.sigma(index), derivative);
    }
    this.#begun = undefined;
    const mean = combine(0.5, begun.derivative, 0.5, derivative);
    return combine(1, begun.sample, this.sigma(index) - this.sigma(index - 1), mean);
  }

  override denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    return bounded(super.denoised(prediction, index, sample), this.settings);
  }
}
