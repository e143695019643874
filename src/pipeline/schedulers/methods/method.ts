/** What all methods share: settings, timesteps, and samples that mix image and noise. */
import { combine } from '../schedule/numeric';
import type { Mixture } from '../schedule/prediction';
import type { RandomNormal, Scheduler } from '../scheduler';
import type { SchedulerSettings } from '../settings';

export abstract class Method implements Scheduler {
  readonly order: number = 1;
  timesteps: readonly number[] = [];

  constructor(protected readonly settings: SchedulerSettings) {}

  get initNoiseSigma(): number {
    return 1;
  }

  abstract setTimesteps(steps: number, seed?: number): void;
  abstract step(
    prediction: Float32Array,
    index: number,
    sample: Float32Array,
    randn: RandomNormal,
  ): Float32Array;
  abstract denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array;

  /** How much of image and of noise a sample holds at an index. */
  protected abstract level(index: number): Mixture;

  addNoise(original: Float32Array, noise: Float32Array, index: number): Float32Array {
    const { alpha, sigma } = this.level(index);
    return combine(alpha, original, sigma, noise);
  }
}
