/** What a model's prediction says about a sample α·x₀ + σ·ε, for each of the three prediction types. */
import type { SchedulerSettings } from '../settings';
import { combine } from './numeric';

type PredictionType = SchedulerSettings['predictionType'];

/** How much of image and of noise a sample holds. {@link originalOf} and {@link noiseOf} need α² + σ² = 1. */
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

/**
 * x₀ kept within bounds, as the settings ask: scaled down if a high quantile of its values is beyond 1 (dynamic
 * thresholding, arXiv 2205.11487), or clipped, or as it is.
 */
export function bounded(original: Float32Array, settings: BoundSettings): Float32Array {
  if (settings.thresholding) {
    const quantile = quantileOfMagnitudes(original, settings.dynamicThresholdingRatio);
    const bound = Math.min(Math.max(quantile, 1), settings.sampleMaxValue);
    return original.map((value) => Math.min(Math.max(value, -bound), bound) / bound);
  }
  if (!settings.clipSample) return original;
  const range = settings.clipSampleRange;
  return original.map((value) => Math.min(Math.max(value, -range), range));
}
type BoundSettings = Pick<
  SchedulerSettings,
  'thresholding' | 'dynamicThresholdingRatio' | 'sampleMaxValue' | 'clipSample' | 'clipSampleRange'
>;

/** `torch.quantile` of the absolute values: between two of them by their distance. */
function quantileOfMagnitudes(values: Float32Array, share: number): number {
  const sorted = values.map(Math.abs).sort();
  const rank = share * (sorted.length - 1);
  const low = Math.floor(rank);
  const atLow = sorted[low] ?? 0;
  return atLow + ((sorted[low + 1] ?? atLow) - atLow) * (rank - low);
}
