/**
 * DEIS (arXiv 2204.13902), multistep in log ρ, of first to third order: diffusers' DEISMultistepScheduler. It
 * extrapolates the noise as a polynomial in log σ, whose integrals over σ are closed formulas. The run ends at the lowest
 * trained noise level, not at zero.
 */
import { combine } from '../schedule/numeric';
import { type OwnJudges, oneOf, type Parameters, spacing } from '../settings';
import { FEW_STEPS, SolverMethod, solver } from './solverMethod';

const MAX_ORDER = 3;

export class DeisScheduler extends SolverMethod {
  static readonly parameters = {
    ...solver,
    ...spacing,
    algorithmType: 'deis',
    solverType: 'logrho',
    lowerOrderFinal: true,
  } as const satisfies Parameters;
  static readonly judges = { algorithmType: oneOf('deis', 'dpmsolver', 'dpmsolver++') } satisfies OwnJudges;

  /** ε of the last evaluations, the newest first. */
  #history: Float32Array[] = [];

  protected override finalSigma(sigmas: readonly number[], lowestTrained: number): number {
    const { useKarrasSigmas, useExponentialSigmas } = this.settings;
    return useKarrasSigmas || useExponentialSigmas ? (sigmas[sigmas.length - 1] ?? 0) : lowestTrained;
  }

  protected override reset(): void {
    this.#history = [];
  }

  step(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    this.#history = [this.boundedNoise(prediction, index, sample), ...this.#history.slice(0, MAX_ORDER - 1)];
    const order = this.#orderAt(index);
    const from = this.level(index);
    const to = this.level(index + 1);
    const rhos = Array.from({ length: order }, (_, age) => this.#rho(index - age));
    const rhoTo = this.#rho(index + 1);
    return rhos.reduce<Float32Array>(
      (next, _, age) => combine(1, next, to.alpha * weight(rhos, age, rhoTo), this.#history[age] ?? sample),
      sample.map((x) => (to.alpha / from.alpha) * x),
    );
  }

  #orderAt(index: number): number {
    const { settings, timesteps } = this;
    const left = timesteps.length - index;
    const known = Math.min(settings.solverOrder, this.#history.length, MAX_ORDER);
    return settings.lowerOrderFinal && timesteps.length < FEW_STEPS ? Math.min(known, left) : known;
  }

  /** σ̂ / α: the noise level itself. */
  #rho(index: number): number {
    const { alpha, sigma } = this.level(index);
    return sigma / alpha;
  }
}

/**
 * Integral from `rhos[0]` to `rhoTo` of the Lagrange polynomial in log ρ that is 1 at `rhos[age]` and 0 at the others.
 * With one level it is 1, with two linear, with three quadratic.
 */
function weight(rhos: readonly number[], age: number, rhoTo: number): number {
  const [from = 1] = rhos;
  const own = Math.log(rhos[age] ?? 1);
  const [c, d] = rhos.filter((_, other) => other !== age).map(Math.log);
  /** The antiderivative, except for the division by the polynomial's value at `own`. */
  const primitive = (rho: number): number => {
    const log = Math.log(rho);
    if (c === undefined) return rho;
    if (d === undefined) return rho * (log - c - 1);
    return rho * (c * (d - log + 1) - d * log + d + log ** 2 - 2 * log + 2);
  };
  const atOwn = (c === undefined ? 1 : own - c) * (d === undefined ? 1 : own - d);
  return (primitive(rhoTo) - primitive(from)) / atOwn;
}
