/**
 * DPM-Solver++ (arXiv 2211.01095), multistep, of first and second order: diffusers' DPMSolverMultistepScheduler with
 * algorithm_type "dpmsolver++" and, with fresh noise at each step, "sde-dpmsolver++".
 */
import { CheckpointError } from '../../engine/errors';
import type { SchedulerSettings } from '../components';
import { combine } from './numeric';
import type { RandomNormal } from './scheduler';
import { FEW_STEPS, SolverMethod } from './solverMethod';

export class DpmSolverScheduler extends SolverMethod {
  /** x₀ as the step before implied it; none at the run's first. */
  #previousOriginal: Float32Array | undefined;
  readonly #isStochastic: boolean;

  constructor(settings: SchedulerSettings) {
    super(settings);
    // DEIS and UniPC configurations, converted: diffusers maps their solvers so.
    const algorithm = settings.algorithmType === 'deis' ? 'dpmsolver++' : settings.algorithmType;
    this.#isStochastic = algorithm === 'sde-dpmsolver++';
    if ((algorithm !== 'dpmsolver++' && !this.#isStochastic) || settings.solverOrder > 2) {
      throw new CheckpointError(
        `scheduler_config.json: DPM-Solver with algorithm_type "${settings.algorithmType}" and solver_order ` +
          `${settings.solverOrder} is not supported; choose another scheduler`,
      );
    }
  }

  protected override finalSigma(_sigmas: readonly number[], lowestTrained: number): number {
    return this.settings.finalSigmasType === 'zero' ? 0 : lowestTrained;
  }

  protected override reset(): void {
    this.#previousOriginal = undefined;
  }

  protected override get roundKarras(): (timestep: number) => number {
    return this.settings.betaSchedule === 'squaredcos_cap_v2' ? Math.trunc : super.roundKarras;
  }

  /** The stochastic form draws at every step, the last one included. */
  step(prediction: Float32Array, index: number, sample: Float32Array, randn: RandomNormal): Float32Array {
    const original = this.denoised(prediction, index, sample);
    const before = this.#previousOriginal;
    this.#previousOriginal = original;
    const from = this.level(index);
    const to = this.level(index + 1);
    const h = to.lambda - from.lambda;
    // With noise the way in λ counts twice: that much more of the sample is replaced, and so much of it by noise.
    const way = this.#isStochastic ? 2 * h : h;
    const keep = (to.sigma / from.sigma) * (this.#isStochastic ? Math.exp(-h) : 1);
    const gain = -to.alpha * Math.expm1(-way);
    let next = combine(keep, sample, gain, original);
    if (before !== undefined && !this.#isFirstOrder(index)) {
      const r = (from.lambda - this.level(index - 1).lambda) / h;
      const slope = combine(1 / r, original, -1 / r, before);
      const slopeGain =
        this.settings.solverType === 'heun' ? to.alpha * (Math.expm1(-way) / way + 1) : gain / 2;
      next = combine(1, next, slopeGain, slope);
    }
    if (!this.#isStochastic) return next;
    return combine(1, next, to.sigma * Math.sqrt(-Math.expm1(-2 * h)), randn(sample.length));
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
}
