/** What a UNet's prediction says about a sample α·x₀ + σ·ε, for each of the three things that models predict. */
import type { SchedulerSettings } from '../components';
import { combine } from './numeric';

type PredictionType = SchedulerSettings['predictionType'];

/** How much of picture and of noise a sample holds; α² + σ² = 1. */
export interface Mixture {
  alpha: number;
  sigma: number;
}

/** @returns x₀ as the prediction implies it */
export function originalOf(
  type: PredictionType,
  prediction: Float32Array,
  sample: Float32Array,
  { alpha, sigma }: Mixture,
): Float32Array {
  switch (type) {
    case 'epsilon':
      return combine(1 / alpha, sample, -sigma / alpha, prediction);
    case 'v_prediction':
      return combine(alpha, sample, -sigma, prediction);
    case 'sample':
      return prediction;
    default:
      throw new TypeError(`unknown prediction type ${type satisfies never}`);
  }
}

/** @returns ε as the prediction implies it */
export function noiseOf(
  type: PredictionType,
  prediction: Float32Array,
  sample: Float32Array,
  { alpha, sigma }: Mixture,
): Float32Array {
  switch (type) {
    case 'epsilon':
      return prediction;
    case 'v_prediction':
      return combine(alpha, prediction, sigma, sample);
    case 'sample':
      return combine(1 / sigma, sample, -alpha / sigma, prediction);
    default:
      throw new TypeError(`unknown prediction type ${type satisfies never}`);
  }
}
