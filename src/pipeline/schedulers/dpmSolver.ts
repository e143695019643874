/**
 * DPM-Solver++ (arXiv 2211.01095), multistep, of first and second order: diffusers' DPMSolverMultistepScheduler with
 * algorithm_type "dpmsolver++". Samples are α·x₀ + σ̂·ε with α = 1/√(σ²+1) and σ̂ = σ·α.
 */
import { CheckpointError } from '../../engine/errors';
import type { SchedulerSettings } from '../components';
import { trainingSigmas } from './noiseSchedule';
import { combine, interpolate, linspace, roundHalfEven } from './numeric';
import type { Scheduler } from './scheduler';
import { karrasSigmas, timestepOfSigma } from './sigmas';
import { spacedTimesteps } from './timesteps';

/** Below this many steps the last ones are of lower order, for stability (as in diffusers). */
const FEW_STEPS = 15;

/** The coefficients of one noise level. */
interface Level {
  alpha: number;
  /** σ̂. */
  sigma: number;
  /** λ = log(α / σ̂) = −log σ; +∞ without noise. */
  lambda: number;
}

export class DpmSolverScheduler implements Scheduler {
  readonly order = 1;
  readonly initNoiseSigma = 1;
  timesteps: readonly number[] = [];
  #sigmas: Float32Array = new Float32Array();
  /** x₀ as the step before implied it; none at the run's first. */
  #previousOriginal: Float32Array | undefined;
  readonly #trainingSigmas: Float32Array;

  constructor(private readonly settings: SchedulerSettings) {
    // DEIS and UniPC configurations, converted: diffusers maps their solvers so.
    const algorithm = settings.algorithmType === 'deis' ? 'dpmsolver++' : settings.algorithmType;
    if (algorithm !== 'dpmsolver++' || settings.solverOrder > 2) {
      throw new CheckpointError(
        `scheduler_config.json: DPM-Solver with algorithm_type "${settings.algorithmType}" and solver_order ` +
          `${settings.solverOrder} is not supported; choose another scheduler`,
      );
    }
    this.#trainingSigmas = trainingSigmas(settings);
  }

  setTimesteps(steps: number): void {
    const { settings } = this;
    const trained = this.#trainingSigmas;
    const lowest = trained[0] ?? 0;
    let sigmas: number[];
    if (settings.useKarrasSigmas) {
      sigmas = karrasSigmas(lowest, trained[trained.length - 1] ?? 0, steps);
      const round = settings.betaSchedule === 'squaredcos_cap_v2' ? Math.trunc : roundHalfEven;
      this.timesteps = sigmas.map((sigma) => round(timestepOfSigma(sigma, trained)));
    } else {
      this.timesteps = this.#spaced(steps);
      sigmas = this.timesteps.map((timestep) => interpolate(trained, timestep));
    }
    this.#sigmas = Float32Array.from([...sigmas, settings.finalSigmasType === 'zero' ? 0 : lowest]);
    this.#previousOriginal = undefined;
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

  scaleModelInput(sample: Float32Array): Float32Array {
    return sample;
  }

  step(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const original = this.denoised(prediction, index, sample);
    const before = this.#previousOriginal;
    this.#previousOriginal = original;
    const from = this.#level(index);
    const to = this.#level(index + 1);
    const h = to.lambda - from.lambda;
    const gain = -to.alpha * Math.expm1(-h);
    const firstOrder = combine(to.sigma / from.sigma, sample, gain, original);
    if (before === undefined || this.#isFirstOrder(index)) return firstOrder;

    const r = (from.lambda - this.#level(index - 1).lambda) / h;
    const slope = combine(1 / r, original, -1 / r, before);
    const slopeGain = this.settings.solverType === 'heun' ? to.alpha * (Math.expm1(-h) / h + 1) : gain / 2;
    return combine(1, firstOrder, slopeGain, slope);
  }

  #isFirstOrder(index: number): boolean {
    const { settings, timesteps } = this;
    if (settings.solverOrder === 1) return true;
    if (index !== timesteps.length - 1) return false;
    return (
      settings.eulerAtFinal ||
      (settings.lowerOrderFinal && timesteps.length < FEW_STEPS) ||
      settings.finalSigmasType === 'zero'
    );
  }

  denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const { alpha, sigma } = this.#level(index);
    switch (this.settings.predictionType) {
      case 'epsilon':
        return combine(1 / alpha, sample, -sigma / alpha, prediction);
      case 'v_prediction':
        return combine(alpha, sample, -sigma, prediction);
      case 'sample':
        return prediction;
      default:
        throw new TypeError(`unknown prediction type ${this.settings.predictionType satisfies never}`);
    }
  }

  addNoise(original: Float32Array, noise: Float32Array, index: number): Float32Array {
    const { alpha, sigma } = this.#level(index);
    return combine(alpha, original, sigma, noise);
  }

  #level(index: number): Level {
    const ratio = this.#sigmas[index] ?? 0;
    const alpha = 1 / Math.sqrt(ratio ** 2 + 1);
    return { alpha, sigma: ratio * alpha, lambda: -Math.log(ratio) };
  }
}
