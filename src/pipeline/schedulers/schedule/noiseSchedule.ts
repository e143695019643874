/** The noise schedule of the training: how much of the image is left at each of the (1000) training timesteps. */
import type { SchedulerSettings } from '../settings';
import { cumulativeProduct, linspaceFloat32 } from './numeric';

const { fround } = Math;
const MAX_BETA = 0.999;

/** `betas` of diffusers' schedulers, float32. */
function trainingBetas(settings: SchedulerSettings): Float32Array {
  const { betaStart, betaEnd, numTrainTimesteps: count, trainedBetas } = settings;
  if (trainedBetas) return Float32Array.from(trainedBetas);
  switch (settings.betaSchedule) {
    case 'linear':
      return linspaceFloat32(betaStart, betaEnd, count);
    case 'scaled_linear':
      return linspaceFloat32(Math.sqrt(betaStart), Math.sqrt(betaEnd), count).map((root) => root * root);
    case 'squaredcos_cap_v2':
      return betasOf((t) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2, count);
    case 'exp':
      return betasOf((t) => Math.exp(-12 * t), count);
    case 'sigmoid':
      return linspaceFloat32(-6, 6, count).map(
        (x) => fround(fround(1 / (1 + Math.exp(-x))) * (betaEnd - betaStart)) + betaStart,
      );
    default:
      throw new TypeError(`unknown beta schedule ${settings.betaSchedule satisfies never}`);
  }
}

/** @param alphaBar ᾱ at a share of the training's way */
function betasOf(alphaBar: (t: number) => number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), MAX_BETA),
  );
}

/**
 * `alphas_cumprod`, float32 [numTrainTimesteps]: the share of the image's variance, from nearly 1 to nearly 0.
 * With `rescaleBetasZeroSnr` the last is exactly 0.
 */
export function alphasCumprod(settings: SchedulerSettings): Float32Array {
  const products = cumulativeProduct(trainingBetas(settings).map((beta) => 1 - beta));
  return settings.rescaleBetasZeroSnr ? rescaleToZeroSnr(products) : products;
}

/** Algorithm 1 of arXiv 2305.08891, through betas and back as diffusers does it, in float32. */
function rescaleToZeroSnr(products: Float32Array): Float32Array {
  const roots = products.map(Math.sqrt);
  const first = roots[0] ?? 1;
  const last = roots[roots.length - 1] ?? 0;
  const factor = fround(first / fround(first - last));
  const squares = roots.map((root) => fround(fround(root - last) * factor) ** 2);
  const alphas = squares.map((square, i) => (i === 0 ? square : square / (squares[i - 1] ?? 1)));
  return cumulativeProduct(alphas.map((alpha) => 1 - fround(1 - alpha)));
}

/**
 * `sigmas` of the training schedule, float32, rising: noise over image, √((1 − ᾱ) / ᾱ).
 * A last ᾱ of 0 counts as 2⁻²⁴, so that σ stays finite (as in diffusers' Euler and DPM++ classes).
 */
export function trainingSigmas(settings: SchedulerSettings): Float32Array {
  const products = alphasCumprod(settings);
  if (settings.rescaleBetasZeroSnr) products[products.length - 1] = 2 ** -24;
  return products.map((alpha) => Math.sqrt(fround(fround(1 - alpha) / alpha)));
}
