/**
 * Euler's method and its ancestral form (k-diffusion's `sample_euler`, `sample_euler_ancestral`), as diffusers'
 * EulerDiscreteScheduler without churn and EulerAncestralDiscreteScheduler.
 */
import { CheckpointError } from '../../engine/errors';
import type { SchedulerSettings } from '../components';
import { trainingSigmas } from './noiseSchedule';
import { interpolate, linspace, roundHalfEven } from './numeric';
import type { RandomNormal, Scheduler } from './scheduler';
import { addScaledNoise, karrasSigmas, timestepOfSigma } from './sigmas';
import { spacedTimesteps } from './timesteps';

const { fround } = Math;

abstract class EulerMethod implements Scheduler {
  readonly order = 1;
  timesteps: readonly number[] = [];
  /** Noise level at each timestep, and that after the last; float32. */
  protected sigmas: Float32Array = new Float32Array();
  protected readonly trainingSigmas: Float32Array;

  constructor(protected readonly settings: SchedulerSettings) {
    this.trainingSigmas = trainingSigmas(settings);
  }

  abstract setTimesteps(steps: number): void;
  abstract step(
    prediction: Float32Array,
    index: number,
    sample: Float32Array,
    randn: RandomNormal,
  ): Float32Array;

  get initNoiseSigma(): number {
    const highest = this.sigmas.reduce((max, sigma) => Math.max(max, sigma), 0);
    return this.settings.timestepSpacing === 'leading' ? fround(Math.sqrt(highest ** 2 + 1)) : highest;
  }

  /** Timesteps of the configured spacing, float32; `linspace` ones stay fractional. */
  protected spaced(steps: number): number[] {
    const spaced = spacedTimesteps(this.settings, steps);
    return this.settings.timestepSpacing === 'linspace' ? spaced.map(fround) : spaced.map(roundHalfEven);
  }

  scaleModelInput(sample: Float32Array, index: number): Float32Array {
    const scale = Math.sqrt(this.sigma(index) ** 2 + 1);
    return sample.map((value) => value / scale);
  }

  denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const sigma = this.sigma(index);
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

  addNoise(original: Float32Array, noise: Float32Array, index: number): Float32Array {
    return addScaledNoise(original, noise, this.sigma(index));
  }

  protected sigma(index: number): number {
    return this.sigmas[index] ?? 0;
  }

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
    const original = this.denoised(prediction, index, sample);
    return sample.map((x, i) => {
      const derivative = fround(fround(x - (original[i] ?? 0)) / sigma);
      return x + fround(derivative * distance);
    });
  }
}

export class EulerScheduler extends EulerMethod {
  setTimesteps(steps: number): void {
    const { settings, trainingSigmas } = this;
    let timesteps = this.spaced(steps);
    const lowest = trainingSigmas[0] ?? 0;
    const highest = trainingSigmas[trainingSigmas.length - 1] ?? 0;
    let sigmas =
      settings.interpolationType === 'linear'
        ? timesteps.map((timestep) => interpolate(trainingSigmas, timestep))
        : linspace(Math.log(highest), Math.log(lowest), steps + 1).map((log) => Math.exp(log));
    if (settings.useKarrasSigmas) {
      const sigmaMin = settings.sigmaMin ?? sigmas[sigmas.length - 1] ?? 0;
      const sigmaMax = settings.sigmaMax ?? sigmas[0] ?? 0;
      sigmas = karrasSigmas(sigmaMin, sigmaMax, steps);
      timesteps = sigmas.map((sigma) => fround(timestepOfSigma(sigma, trainingSigmas)));
    }
    this.timesteps = timesteps;
    this.sigmas = Float32Array.from([...sigmas, settings.finalSigmasType === 'zero' ? 0 : lowest]);
  }

  step(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    return this.descend(prediction, index, sample, this.sigma(index + 1));
  }
}

export class EulerAncestralScheduler extends EulerMethod {
  constructor(settings: SchedulerSettings) {
    super(settings);
    if (settings.predictionType === 'sample') {
      throw new CheckpointError('scheduler_config.json: Euler ancestral cannot run prediction_type "sample"');
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
    return addScaledNoise(this.descend(prediction, index, sample, down), randn(sample.length), up);
  }
}
