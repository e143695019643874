/**
 * UniPC (arXiv 2302.04867): a multistep predictor, and a corrector that reuses its next evaluation to correct the
 * step before. diffusers' UniPCMultistepScheduler, in both forms of B(h) ("bh1", "bh2"), extrapolating x₀ or the noise.
 */
import { combine, solveLinear } from '../schedule/numeric';
import { type Parameters, spacing, zeroSnr } from '../settings';
import { type Level, SolverMethod, solver } from './solverMethod';

export class UniPcScheduler extends SolverMethod {
  static readonly parameters = {
    ...solver,
    ...spacing,
    ...zeroSnr,
    predictX0: true,
    solverType: 'bh2',
    lowerOrderFinal: true,
    disableCorrector: [],
    solverP: undefined,
    finalSigmasType: 'zero',
  } as const satisfies Parameters;

  /** x₀, or with `predict_x0` off the noise, of the last evaluations, the newest first. */
  #history: Float32Array[] = [];
  /** Where the last step began, after correction. */
  #lastSample: Float32Array | undefined;
  #lastOrder = 0;
  /** Steps of the run so far, up to the solver's order. */
  #warmup = 0;

  protected override finalSigma(sigmas: readonly number[], lowestTrained: number): number {
    const { finalSigmasType, useKarrasSigmas, useExponentialSigmas } = this.settings;
    if (finalSigmasType === 'zero') return 0;
    return useKarrasSigmas || useExponentialSigmas ? (sigmas[sigmas.length - 1] ?? 0) : lowestTrained;
  }

  protected override reset(): void {
    this.#history = [];
    this.#lastSample = undefined;
    this.#lastOrder = 0;
    this.#warmup = 0;
  }

  step(prediction: Float32Array, index: number, predicted: Float32Array): Float32Array {
    const { settings } = this;
    const output = settings.predictX0
      ? this.denoised(prediction, index, predicted)
      : this.noise(prediction, index, predicted);

    // 1. Correct the step that led here, now that the UNet has seen its end
    const corrects =
      this.#lastSample !== undefined && index > 0 && !settings.disableCorrector.includes(index - 1);
    const sample =
      corrects && this.#lastSample
        ? this.#advance(this.#lastSample, index - 1, this.#lastOrder, output)
        : predicted;

    // 2. Predict the next
    this.#history = [output, ...this.#history.slice(0, settings.solverOrder - 1)];
    const left = this.timesteps.length - index;
    const highest = settings.lowerOrderFinal ? Math.min(settings.solverOrder, left) : settings.solverOrder;
    this.#lastOrder = Math.min(highest, this.#warmup + 1);
    this.#lastSample = sample;
    this.#warmup = Math.min(this.#warmup + 1, settings.solverOrder);
    return this.#advance(sample, index, this.#lastOrder);
  }

  /**
   * From the level of `index` to the next, by an expansion of the given order around the newest known output.
   * @param atEnd the output at the step's end, which makes it the corrector
   */
  #advance(sample: Float32Array, index: number, order: number, atEnd?: Float32Array): Float32Array {
    const from = this.level(index);
    const to = this.level(index + 1);
    const h = to.lambda - from.lambda;
    const hh = this.settings.predictX0 ? -h : h;
    const scale = this.settings.solverType === 'bh1' ? hh : Math.expm1(hh);
    const newest = this.#history[0] ?? sample;

    // Differences to outputs further back, over their distance in λ as a share of the step
    const ratios: number[] = [];
    const slopes: Float32Array[] = [];
    for (let age = 1; age < order; age++) {
      const ratio = (this.level(index - age).lambda - from.lambda) / h;
      const older = this.#history[age] ?? newest;
      ratios.push(ratio);
      slopes.push(combine(1 / ratio, older, -1 / ratio, newest));
    }
    if (atEnd) {
      ratios.push(1);
      slopes.push(combine(1, atEnd, -1, newest));
    }

    const [keep, gain] = this.#linear(from, to, hh);
    const weights = expansionWeights(ratios, hh, scale);
    const outer = this.settings.predictX0 ? to.alpha : to.sigma;
    return slopes.reduce(
      (next, slope, k) => combine(1, next, -outer * scale * (weights[k] ?? 0), slope),
      combine(keep, sample, gain, newest),
    );
  }

  /** Weights of sample and newest output in the step of first order. */
  #linear(from: Level, to: Level, hh: number): [keep: number, gain: number] {
    return this.settings.predictX0
      ? [to.sigma / from.sigma, -to.alpha * Math.expm1(hh)]
      : [to.alpha / from.alpha, -to.sigma * Math.expm1(hh)];
  }
}

/**
 * ρ of the paper: how much each difference counts. One of them counts one half, as diffusers simplifies it; more follow
 * from R·ρ = b.
 */
function expansionWeights(ratios: readonly number[], hh: number, scale: number): number[] {
  if (ratios.length < 2) return ratios.map(() => 0.5);
  const rows: number[][] = [];
  const right: number[] = [];
  let phi = Math.expm1(hh) / hh - 1;
  let factorial = 1;
  for (let power = 0; power < ratios.length; power++) {
    rows.push(ratios.map((ratio) => ratio ** power));
    right.push((phi * factorial) / scale);
    factorial *= power + 2;
    phi = phi / hh - 1 / factorial;
  }
  return solveLinear(rows, right);
}
