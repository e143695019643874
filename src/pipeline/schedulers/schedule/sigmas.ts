/** Noise levels of a run, for the methods based on σ, noise over image. */
import type { SchedulerSettings } from '../settings';
import { linspace } from './numeric';

const { fround } = Math;
/** The exponent of Karras et al., arXiv 2206.00364. */
const RHO = 7;

/** Karras' noise levels, highest first. */
export function karrasSigmas(sigmaMin: number, sigmaMax: number, count: number): number[] {
  const low = sigmaMin ** (1 / RHO);
  const high = sigmaMax ** (1 / RHO);
  return linspace(0, 1, count).map((ramp) => (high + ramp * (low - high)) ** RHO);
}

/** Noise levels evenly apart in log σ, highest first. */
export function exponentialSigmas(sigmaMin: number, sigmaMax: number, count: number): number[] {
  return linspace(Math.log(sigmaMax), Math.log(sigmaMin), count).map(Math.exp);
}

/**
 * Noise levels evenly apart in λ = −log σ (arXiv 2206.00927), highest first, between those of the training schedule.
 * @param trainingSigmas rising, float32
 */
export function luSigmas(trainingSigmas: Float32Array, count: number): number[] {
  const logAt = (index: number) => fround(Math.log(trainingSigmas.at(index) ?? 1));
  return linspace(logAt(-1), logAt(0), count).map(Math.exp);
}

/** How a run's noise levels are spaced: like its timesteps, or by their own formula. */
export type SigmaShape = 'timesteps' | 'karras' | 'lu' | 'exponential';

export function sigmaShape({
  useKarrasSigmas,
  useLuLambdas,
  useExponentialSigmas,
}: SchedulerSettings): SigmaShape {
  if (useKarrasSigmas) return 'karras';
  if (useLuLambdas) return 'lu';
  return useExponentialSigmas ? 'exponential' : 'timesteps';
}

/**
 * The timestep, fractional, at which the training schedule has a noise level; interpolated in log space.
 * @param trainingSigmas rising, float32
 */
export function timestepOfSigma(sigma: number, trainingSigmas: Float32Array): number {
  const logAt = (index: number) => fround(Math.log(trainingSigmas[index] ?? 1));
  const log = Math.log(Math.max(sigma, 1e-10));
  let low = 0;
  while (low < trainingSigmas.length - 2 && logAt(low + 1) <= log) low++;
  const weight = (logAt(low) - log) / fround(logAt(low) - logAt(low + 1));
  const clamped = Math.min(Math.max(weight, 0), 1);
  return (1 - clamped) * low + clamped * (low + 1);
}
