/**
 * What the multistep solvers in λ = −log σ share (DPM-Solver++, DEIS, UniPC): samples α·x₀ + σ̂·ε with α = 1/√(σ²+1)
 * and σ̂ = σ·α, and the noise levels of a run.
 */

import { trainingSigmas } from '../schedule/noiseSchedule';
import { arangeDown, combine, interpolate, linspace, roundHalfEven } from '../schedule/numeric';
import { bounded, type Mixture, noiseOf, originalOf } from '../schedule/prediction';
import {
  exponentialSigmas,
  karrasSigmas,
  luSigmas,
  type SigmaShape,
  sigmaShape,
  timestepOfSigma,
} from '../schedule/sigmas';
import { spacedTimesteps } from '../schedule/timesteps';
import { betas, type Parameters, type SchedulerSettings, shapes, thresholds } from '../settings';
import { Method } from './method';

/** Below this many steps the last ones are of lower order, for stability (as in diffusers). */
export const FEW_STEPS = 15;

/** Settings that all of them take. */
export const solver = {
  ...betas,
  ...shapes,
  ...thresholds,
  solverOrder: 2,
  useFlowSigmas: false,
} as const satisfies Parameters;

/** The coefficients of one noise level; `sigma` is σ̂. */
export interface Level extends Mixture {
  /** λ = log(α / σ̂) = −log σ; +∞ without noise. */
  lambda: number;
}

export abstract class SolverMethod extends Method {
  #sigmas: Float32Array = new Float32Array();
  readonly #trainingSigmas: Float32Array;

  constructor(settings: SchedulerSettings) {
    super(settings);
    this.#trainingSigmas = trainingSigmas(settings);
  }

  setTimesteps(steps: number): void {
    const { settings } = this;
    const trained = this.#trainingSigmas;
    const lowest = trained[0] ?? 0;
    const shape = sigmaShape(settings);
    let sigmas: number[];
    if (shape === 'timesteps') {
      this.timesteps = this.#spaced(steps);
      sigmas = this.timesteps.map((timestep) => interpolate(trained, timestep));
    } else {
      const round = shape === 'exponential' ? Math.trunc : this.roundShaped;
      sigmas = this.#shaped(shape, steps);
      this.timesteps = sigmas.map((sigma) => round(timestepOfSigma(sigma, trained)));
    }
    this.#sigmas = Float32Array.from([...sigmas, this.finalSigma(sigmas, lowest)]);
    this.reset();
  }

  #shaped(shape: Exclude<SigmaShape, 'timesteps'>, steps: number): number[] {
    const trained = this.#trainingSigmas;
    if (shape === 'lu') return luSigmas(trained, steps);
    const sigmaMin = this.settings.sigmaMin ?? trained.at(0) ?? 0;
    const sigmaMax = this.settings.sigmaMax ?? trained.at(-1) ?? 0;
    return (shape === 'karras' ? karrasSigmas : exponentialSigmas)(sigmaMin, sigmaMax, steps);
  }

  /** The noise level after the last timestep, in σ. */
  protected abstract finalSigma(sigmas: readonly number[], lowestTrained: number): number;

  /** Forgets the evaluations of the run before. */
  protected abstract reset(): void;

  /** How timesteps of Karras' and Lu's noise levels become whole. */
  protected get roundShaped(): (timestep: number) => number {
    return roundHalfEven;
  }

  /** One timestep more than asked for is spaced and the lowest left out, but with `trailing`. */
  #spaced(steps: number): number[] {
    const { settings } = this;
    const { numTrainTimesteps } = settings;
    const count = numTrainTimesteps - this.#clipped();
    if (settings.timestepSpacing === 'linspace') {
      return linspace(0, count - 1, steps + 1)
        .map(roundHalfEven)
        .reverse()
        .slice(0, -1);
    }
    if (settings.timestepSpacing === 'leading') {
      return spacedTimesteps({ ...settings, numTrainTimesteps: count }, steps + 1).slice(0, -1);
    }
    return arangeDown(count, numTrainTimesteps / steps).map((timestep) => roundHalfEven(timestep) - 1);
  }

  /** The number of training timesteps with a smaller λ than the settings allow. */
  #clipped(): number {
    const least = this.settings.lambdaMinClipped;
    if (least === undefined) return 0;
    return this.#trainingSigmas.filter((sigma) => -Math.log(sigma) < least).length;
  }

  denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const original = originalOf(this.settings.predictionType, prediction, sample, this.level(index));
    return this.settings.thresholding ? bounded(original, this.settings) : original;
  }

  /** ε as the UNet's prediction implies it; with thresholding, as the x₀ does that is within bounds. */
  protected boundedNoise(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    if (!this.settings.thresholding) return this.noise(prediction, index, sample);
    const { alpha, sigma } = this.level(index);
    return combine(1 / sigma, sample, -alpha / sigma, this.denoised(prediction, index, sample));
  }

  /** ε as the UNet's prediction implies it. */
  protected noise(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    return noiseOf(this.settings.predictionType, prediction, sample, this.level(index));
  }

  protected level(index: number): Level {
    const ratio = this.#sigmas[index] ?? 0;
    const alpha = 1 / Math.sqrt(ratio ** 2 + 1);
    return { alpha, sigma: ratio * alpha, lambda: -Math.log(ratio) };
  }
}
