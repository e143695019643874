/**
 * DPM-Solver-2 (k-diffusion's `sample_dpm_2`, `sample_dpm_2_ancestral`): the midpoint method in log σ, two evaluations a
 * step, as diffusers' KDPM2DiscreteScheduler and KDPM2AncestralDiscreteScheduler.
 */

import { SchedulerKeyError } from '../config';
import { combine, roundHalfEven } from '../schedule/numeric';
import { sigmaShape, timestepOfSigma } from '../schedule/sigmas';
import type { RandomNormal } from '../scheduler';
import { latentDiffusionBetas, type Parameters, type SchedulerSettings, shapes, spacing } from '../settings';
import { SigmaMethod } from './sigmaMethod';

const { fround } = Math;

abstract class MidpointMethod extends SigmaMethod {
  static readonly parameters = {
    ...latentDiffusionBetas,
    ...spacing,
    ...shapes,
  } as const satisfies Parameters;

  override readonly order = 2;
  /** Where the current step began, between its two evaluations. */
  #begun: Float32Array | undefined;

  constructor(settings: SchedulerSettings) {
    super(settings);
    if (settings.predictionType === 'sample') {
      throw new SchedulerKeyError('prediction_type', 'is "sample", which DPM2 does not know');
    }
  }

  setTimesteps(steps: number): void {
    const { timesteps, sigmas } = this.schedule(steps);
    const rounded = sigmaShape(this.settings) === 'karras' ? timesteps.map(roundHalfEven) : timesteps;
    // Each step's level twice: for its own start, and for the second evaluation of the step before.
    this.sigmas = Float32Array.from([
      ...sigmas.flatMap((sigma, i) => (i === 0 ? [sigma] : [sigma, sigma])),
      ...[0, 0],
    ]);
    this.timesteps = rounded.flatMap((timestep, i) => {
      if (i === rounded.length - 1) return [timestep];
      return [timestep, fround(timestepOfSigma(this.#middle(2 * i), this.trainingSigmas))];
    });
    this.#begun = undefined;
  }

  /** The level that the step from an even index leads to, before fresh noise. */
  protected abstract end(index: number): number;

  /** The second evaluation's level, halfway there in log σ; 0 in the last step, which ends without noise. */
  #middle(index: number): number {
    return fround(Math.sqrt(this.sigma(index) * this.end(index)));
  }

  protected override inputSigma(index: number): number {
    return index % 2 === 0 ? this.sigma(index) : this.#middle(index - 1);
  }

  step(prediction: Float32Array, index: number, sample: Float32Array, randn: RandomNormal): Float32Array {
    const slope = this.derivative(sample, this.denoised(prediction, index, sample), this.inputSigma(index));
    const begun = this.#begun;
    if (!begun) {
      this.#begun = sample;
      return combine(1, sample, this.#middle(index) - this.sigma(index), slope);
    }
    this.#begun = undefined;
    const start = index - 1;
    return this.arrive(combine(1, begun, this.end(start) - this.sigma(start), slope), start, randn);
  }

  /** The result of a step with two evaluations. @param index of its first evaluation */
  protected arrive(sample: Float32Array, _index: number, _randn: RandomNormal): Float32Array {
    return sample;
  }
}

export class Kdpm2Scheduler extends MidpointMethod {
  protected end(index: number): number {
    return this.sigma(index + 1);
  }
}

export class Kdpm2AncestralScheduler extends MidpointMethod {
  protected end(index: number): number {
    return Math.sqrt(this.sigma(index + 1) ** 2 - this.#up(index) ** 2);
  }

  /** The amount of fresh noise that takes a step back up. */
  #up(index: number): number {
    const [from, to] = [this.sigma(index), this.sigma(index + 1)];
    return Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2);
  }

  protected override arrive(sample: Float32Array, index: number, randn: RandomNormal): Float32Array {
    return combine(1, sample, this.#up(index), randn(sample.length));
  }
}
