/** What methods share that step on samples √ᾱ·x₀ + √(1 − ᾱ)·ε and keep nothing from step to step: DDIM, DDPM, LCM and TCD. */
import { roundHalfEven } from '../schedule/numeric';
import { bounded } from '../schedule/prediction';
import { spacedTimesteps } from '../schedule/timesteps';
import type { Scheduler } from '../scheduler';
import type { SchedulerSettings } from '../settings';
import { VariancePreserving } from './variancePreserving';

/** Everything of a method but its step. */
export abstract class VariancePreservingMethod implements Omit<Scheduler, 'step'> {
  readonly order = 1;
  readonly initNoiseSigma = 1;
  timesteps: readonly number[] = [];
  protected readonly alphas: VariancePreserving;

  constructor(protected readonly settings: SchedulerSettings) {
    this.alphas = new VariancePreserving(settings);
  }

  setTimesteps(steps: number): void {
    this.timesteps = spacedTimesteps(this.settings, steps).map(roundHalfEven);
  }

  denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    return bounded(this.original(prediction, index, sample), this.settings);
  }

  /** x₀ as the UNet's prediction implies it. */
  protected original(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    return this.alphas.original(prediction, sample, this.alphas.at(this.timestep(index)));
  }

  addNoise(original: Float32Array, noise: Float32Array, index: number): Float32Array {
    return this.alphas.addNoise(original, noise, this.timestep(index));
  }

  /** −1 after the last. */
  protected timestep(index: number): number {
    return this.timesteps[index] ?? -1;
  }
}
