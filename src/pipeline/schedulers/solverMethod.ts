/**
 * What the multistep solvers in λ = −log σ share (DPM-Solver++, DEIS, UniPC): samples α·x₀ + σ̂·ε with α = 1/√(σ²+1)
 * and σ̂ = σ·α, and the noise levels of a run.
 */
import type { SchedulerSettings } from '../components';
import { trainingSigmas } from './noiseSchedule';
import { combine, interpolate, linspace, roundHalfEven } from './numeric';
import { type Mixture, noiseOf, originalOf } from './prediction';
import type { RandomNormal, Scheduler } from './scheduler';
import { exponentialSigmas, karrasSigmas, sigmaShape, timestepOfSigma } from './sigmas';
import { spacedTimesteps } from './timesteps';

/** Below this many steps the last ones are of lower order, for stability (as in diffusers). */
export const FEW_STEPS = 15;

/** The coefficients of one noise level; `sigma` is σ̂. */
export interface Level extends Mixture {
  /** λ = log(α / σ̂) = −log σ; +∞ without noise. */
  lambda: number;
}

export abstract class SolverMethod implements Scheduler {
  readonly order = 1;
  readonly initNoiseSigma = 1;
  timesteps: readonly number[] = [];
  #sigmas: Float32Array = new Float32Array();
  readonly #trainingSigmas: Float32Array;

  constructor(protected readonly settings: SchedulerSettings) {
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
      const sigmaMin = settings.sigmaMin ?? lowest;
      const sigmaMax = settings.sigmaMax ?? trained[trained.length - 1] ?? 0;
      const round = shape === 'karras' ? this.roundKarras : Math.trunc;
      sigmas = (shape === 'karras' ? karrasSigmas : exponentialSigmas)(sigmaMin, sigmaMax, steps);
      this.timesteps = sigmas.map((sigma) => round(timestepOfSigma(sigma, trained)));
    }
    this.#sigmas = Float32Array.from([...sigmas, this.finalSigma(sigmas, lowest)]);
    this.reset();
  }

  /** The noise level after the last timestep, in σ. */
  protected abstract finalSigma(sigmas: readonly number[], lowestTrained: number): number;

  /** Forgets the evaluations of the run before. */
  protected abstract reset(): void;

  /** How timesteps of Karras' noise levels become whole. */
  protected get roundKarras(): (timestep: number) => number {
    return roundHalfEven;
  }

  /** One timestep more than asked for is spaced and the lowest left out, but with `trailing`. */
  #spaced(steps: number): number[] {
    const { settings } = this;
    if (settings.timestepSpacing === 'linspace') {
      return linspace(0, settings.numTrainTimesteps - 1, steps + 1)
        .map(roundHalfEven)
        .reverse()
        .slice(0, -1);
    }
    if (settings.timestepSpacing === 'leading') return spacedTimesteps(settings, steps + 1).slice(0, -1);
    return spacedTimesteps(settings, steps);
  }

  abstract step(
    prediction: Float32Array,
    index: number,
    sample: Float32Array,
    randn: RandomNormal,
  ): Float32Array;

  denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    return originalOf(this.settings.predictionType, prediction, sample, this.level(index));
  }

  /** ε as the UNet's prediction implies it. */
  protected noise(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    return noiseOf(this.settings.predictionType, prediction, sample, this.level(index));
  }

  addNoise(original: Float32Array, noise: Float32Array, index: number): Float32Array {
    const { alpha, sigma } = this.level(index);
    return combine(alpha, original, sigma, noise);
  }

  protected level(index: number): Level {
    const ratio = this.#sigmas[index] ?? 0;
    const alpha = 1 / Math.sqrt(ratio ** 2 + 1);
    return { alpha, sigma: ratio * alpha, lambda: -Math.log(ratio) };
  }
}
