/**
 * DPM-Solver (arXiv 2206.00927) and DPM-Solver++ (2211.01095), multistep, of first to third order: diffusers'
 * DPMSolverMultistepScheduler in its four forms. "++" extrapolates x₀, the plain form the noise; "sde-" adds fresh noise at
 * each step.
 */

import { SchedulerKeyError } from '../config';
import { combine } from '../schedule/numeric';
import type { RandomNormal } from '../scheduler';
import {
  fixedVariance,
  type OwnJudges,
  type Parameters,
  type SchedulerSettings,
  spacing,
  zeroSnr,
} from '../settings';
import { FEW_STEPS, type Level, SolverMethod, solver } from './solverMethod';

/** What both take. */
export const dpmSolver = {
  ...solver,
  algorithmType: 'dpmsolver++',
  solverType: 'midpoint',
  finalSigmasType: 'zero',
  lambdaMinClipped: undefined,
  varianceType: undefined,
} as const satisfies Parameters;

/** What the multistep and the single-step form share: the integral over a step, and the extrapolated quantity. */
export abstract class DpmMethod extends SolverMethod {
  protected readonly extrapolatesOriginal: boolean;
  protected readonly isStochastic: boolean;

  constructor(settings: SchedulerSettings) {
    super(settings);
    const { algorithmType } = settings;
    // DEIS configurations, converted the way diffusers maps their solvers.
    this.extrapolatesOriginal = algorithmType.endsWith('++') || algorithmType === 'deis';
    this.isStochastic = algorithmType.startsWith('sde-');
  }

  protected override finalSigma(_sigmas: readonly number[], lowestTrained: number): number {
    return this.settings.finalSigmasType === 'zero' ? 0 : lowestTrained;
  }

  /** x₀ or the noise as the UNet's prediction implies it. */
  protected output(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    return this.extrapolatesOriginal
      ? this.denoised(prediction, index, sample)
      : this.boundedNoise(prediction, index, sample);
  }

  /**
   * A step from one level to another along the polynomial through an output and its slopes over λ.
   * @param slopes first and second, as far as the order goes, over λ as a share of the step
   */
  protected advance(
    sample: Float32Array,
    from: Level,
    to: Level,
    output: Float32Array,
    slopes: readonly Float32Array[],
    weighsFirst: 'midpoint' | 'exactly',
    randn: RandomNormal,
  ): Float32Array {
    const h = to.lambda - from.lambda;
    // With noise the way in λ counts twice: that much more of the sample is replaced, and so much of it by noise.
    const twice = this.isStochastic ? 2 : 1;
    const [keep, outer, way] = this.extrapolatesOriginal
      ? [(to.sigma / from.sigma) * (this.isStochastic ? Math.exp(-h) : 1), to.alpha, -twice * h]
      : [to.alpha / from.alpha, twice * to.sigma, h];
    const first = Math.expm1(way);
    let next = combine(keep, sample, -outer * first, output);
    const [slope, curvature] = slopes;
    if (slope)
      next = combine(1, next, -outer * (weighsFirst === 'midpoint' ? first / 2 : first / way - 1), slope);
    if (curvature) next = combine(1, next, -outer * this.#weighCurvature(first, way), curvature);
    if (!this.isStochastic) return next;
    const spread = to.sigma * Math.sqrt(this.extrapolatesOriginal ? -Math.expm1(-2 * h) : Math.expm1(2 * h));
    return combine(1, next, spread, randn(sample.length));
  }

  /** With noise diffusers has one half with the opposite sign; followed here, to get its images. */
  #weighCurvature(first: number, way: number): number {
    const half = this.isStochastic && this.extrapolatesOriginal ? -0.5 : 0.5;
    return (first - way) / way ** 2 - half;
  }
}

export class DpmSolverScheduler extends DpmMethod {
  static readonly parameters = {
    ...dpmSolver,
    ...spacing,
    ...zeroSnr,
    lowerOrderFinal: true,
    eulerAtFinal: false,
    useLuLambdas: false,
  } as const satisfies Parameters;
  static readonly judges = { varianceType: fixedVariance() } satisfies OwnJudges;

  /** The last outputs, the newest first. */
  #history: Float32Array[] = [];

  constructor(settings: SchedulerSettings) {
    super(settings);
    if (settings.algorithmType === 'sde-dpmsolver' && settings.solverOrder === 3) {
      throw new SchedulerKeyError('solver_order', 'is 3, which sde-dpmsolver does not know');
    }
  }

  protected override reset(): void {
    this.#history = [];
  }

  protected override get roundShaped(): (timestep: number) => number {
    return this.settings.betaSchedule === 'squaredcos_cap_v2' ? Math.trunc : super.roundShaped;
  }

  /** The stochastic forms draw at every step, the last one included. */
  step(prediction: Float32Array, index: number, sample: Float32Array, randn: RandomNormal): Float32Array {
    const newest = this.output(prediction, index, sample);
    this.#history = [newest, ...this.#history.slice(0, this.settings.solverOrder - 1)];
    const order = this.#orderAt(index);
    const [from, to] = [this.level(index), this.level(index + 1)];
    const weighsFirst = order === 3 || this.settings.solverType === 'heun' ? 'exactly' : 'midpoint';
    return this.advance(sample, from, to, newest, this.#slopes(index, order), weighsFirst, randn);
  }

  #slopes(index: number, order: number): Float32Array[] {
    const [newest, before, oldest] = this.#history;
    if (order === 1 || !newest || !before) return [];
    const from = this.level(index).lambda;
    const middle = this.level(index - 1).lambda;
    const h = this.level(index + 1).lambda - from;
    const r0 = (from - middle) / h;
    const slope = combine(1 / r0, newest, -1 / r0, before);
    if (order === 2 || !oldest) return [slope];
    const r1 = (middle - this.level(index - 2).lambda) / h;
    const change = combine(1, slope, -1, combine(1 / r1, before, -1 / r1, oldest));
    return [combine(1, slope, r0 / (r0 + r1), change), change.map((value) => value / (r0 + r1))];
  }

  #orderAt(index: number): number {
    const { settings, timesteps } = this;
    const left = timesteps.length - index;
    const isShort = settings.lowerOrderFinal && timesteps.length < FEW_STEPS;
    const isFirstOrder =
      left === 1 && (settings.eulerAtFinal || isShort || settings.finalSigmasType === 'zero');
    if (isFirstOrder) return 1;
    return Math.min(settings.solverOrder, this.#history.length, left === 2 && isShort ? 2 : 3);
  }
}
