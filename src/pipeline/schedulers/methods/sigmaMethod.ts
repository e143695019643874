/** What the k-diffusion methods share: samples x₀ + σ·ε, scaled to unit variance for the UNet. */

import { trainingSigmas } from '../schedule/noiseSchedule';
import { interpolate, linspace, roundHalfEven } from '../schedule/numeric';
import type { Mixture } from '../schedule/prediction';
import { exponentialSigmas, karrasSigmas, sigmaShape, timestepOfSigma } from '../schedule/sigmas';
import { spacedTimesteps } from '../schedule/timesteps';
import type { SchedulerSettings } from '../settings';
import { Method } from './method';

const { fround } = Math;

export abstract class SigmaMethod extends Method {
  /** Noise level at each timestep, and that after the last; float32. */
  protected sigmas: Float32Array = new Float32Array();
  protected readonly trainingSigmas: Float32Array;

  constructor(settings: SchedulerSettings) {
    super(settings);
    this.trainingSigmas = trainingSigmas(settings);
  }

  override get initNoiseSigma(): number {
    const highest = this.sigmas.reduce((max, sigma) => Math.max(max, sigma), 0);
    return this.settings.timestepSpacing === 'leading' ? fround(Math.sqrt(highest ** 2 + 1)) : highest;
  }

  /** Timesteps of the configured spacing, float32; `linspace` ones stay fractional. */
  protected spaced(steps: number): number[] {
    const spaced = spacedTimesteps(this.settings, steps);
    return this.settings.timestepSpacing === 'linspace' ? spaced.map(fround) : spaced.map(roundHalfEven);
  }

  /**
   * Timesteps and noise levels of a run, highest first, without what comes after the last.
   * @param karrasBounds whether the file's `sigma_min` and `sigma_max` count with Karras' levels too
   */
  protected schedule(steps: number, karrasBounds = true): { timesteps: number[]; sigmas: number[] } {
    const { settings, trainingSigmas } = this;
    const timesteps = this.spaced(steps);
    const lowest = trainingSigmas[0] ?? 0;
    const highest = trainingSigmas[trainingSigmas.length - 1] ?? 0;
    const sigmas =
      settings.interpolationType === 'linear'
        ? timesteps.map((timestep) => interpolate(trainingSigmas, timestep))
        : linspace(Math.log(highest), Math.log(lowest), steps + 1).map((log) => Math.exp(log));
    const shape = sigmaShape(settings);
    if (shape === 'timesteps') return { timesteps, sigmas };

    const bounds = shape === 'exponential' || karrasBounds ? settings : undefined;
    const sigmaMin = bounds?.sigmaMin ?? sigmas[sigmas.length - 1] ?? 0;
    const sigmaMax = bounds?.sigmaMax ?? sigmas[0] ?? 0;
    const shaped = (shape === 'karras' ? karrasSigmas : exponentialSigmas)(sigmaMin, sigmaMax, steps);
    return {
      timesteps: shaped.map((sigma) => fround(timestepOfSigma(sigma, trainingSigmas))),
      sigmas: shaped,
    };
  }

  /** Noise level of the UNet's input at an index. */
  protected inputSigma(index: number): number {
    return this.sigma(index);
  }

  scaleModelInput(sample: Float32Array, index: number): Float32Array {
    const scale = Math.sqrt(this.inputSigma(index) ** 2 + 1);
    return sample.map((value) => value / scale);
  }

  denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const sigma = this.inputSigma(index);
    switch (this.settings.predictionType) {
      case 'epsilon':
        return sample.map((x, i) => x - fround(sigma * (prediction[i] ?? 0)));
      case 'v_prediction': {
        const variance = fround(sigma ** 2 + 1);
        const scale = fround(-sigma / fround(Math.sqrt(variance)));
        return sample.map((x, i) => fround((prediction[i] ?? 0) * scale) + fround(x / variance));
      }
      case 'sample':
        return prediction;
      default:
        throw new TypeError(`unknown prediction type ${this.settings.predictionType satisfies never}`);
    }
  }

  protected sigma(index: number): number {
    return this.sigmas[index] ?? 0;
  }

  protected level(index: number): Mixture {
    return { alpha: 1, sigma: this.sigma(index) };
  }

  /** Slope of the sample over σ: (x − x₀) / σ, rounded as torch rounds it. */
  protected derivative(sample: Float32Array, original: Float32Array, sigma: number): Float32Array {
    return sample.map((x, i) => fround(x - (original[i] ?? 0)) / sigma);
  }
}
