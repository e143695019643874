/** The linear multistep method over the last four slopes (k-diffusion's `sample_lms`): diffusers' LMSDiscreteScheduler. */
import { betas, type Parameters, shapes, spacing } from '../settings';
import { SigmaMethod } from './sigmaMethod';

const MAX_ORDER = 4;
/** Nodes of the two-point Gauss-Legendre rule on [−1, 1], exact for the cubic polynomials of order 4. */
const NODES = [-1 / Math.sqrt(3), 1 / Math.sqrt(3)] as const;

export class LmsScheduler extends SigmaMethod {
  static readonly parameters = { ...betas, ...spacing, ...shapes } as const satisfies Parameters;

  /** (x − x₀) / σ of the last evaluations, the newest first. */
  #derivatives: Float32Array[] = [];

  setTimesteps(steps: number): void {
    const { timesteps, sigmas } = this.schedule(steps, false);
    this.timesteps = timesteps;
    this.sigmas = Float32Array.from([...sigmas, 0]);
    this.#derivatives = [];
  }

  step(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const original = this.denoised(prediction, index, sample);
    const newest = this.derivative(sample, original, this.sigma(index));
    this.#derivatives = [newest, ...this.#derivatives.slice(0, MAX_ORDER - 1)];
    // By the index, as in diffusers: a run that strength lets begin late has the weights of four slopes from its first
    // step on, though it knows fewer.
    const order = Math.min(index + 1, MAX_ORDER);
    const weights = this.#derivatives.map((_, age) => (age < order ? this.#weight(index, order, age) : 0));
    return sample.map((x, i) =>
      weights.reduce((sum, weight, age) => sum + weight * (this.#derivatives[age]?.[i] ?? 0), x),
    );
  }

  /** Integral, from this noise level to the next, of the Lagrange polynomial that is 1 at the level `age` steps ago. */
  #weight(index: number, order: number, age: number): number {
    const from = this.sigma(index);
    const half = (this.sigma(index + 1) - from) / 2;
    const own = this.sigma(index - age);
    let sum = 0;
    for (const node of NODES) {
      const tau = from + half * (1 + node);
      let product = half;
      for (let k = 0; k < order; k++) {
        const other = this.sigma(index - k);
        if (k !== age) product *= (tau - other) / (own - other);
      }
      sum += product;
    }
    return sum;
  }
}
