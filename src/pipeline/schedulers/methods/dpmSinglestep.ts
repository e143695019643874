/**
 * DPM-Solver and DPM-Solver++ in their single-step form: diffusers' DPMSolverSinglestepScheduler. Steps come in groups of
 * the order's size; each starts from the group's first sample, and the earlier ones only look ahead.
 */

import { combine } from '../schedule/numeric';
import type { RandomNormal } from '../scheduler';
import { fixedVariance, type OwnJudges, oneOf, type Parameters } from '../settings';
import { DpmMethod, dpmSolver } from './dpmSolver';

export class DpmSinglestepScheduler extends DpmMethod {
  static readonly parameters = { ...dpmSolver, lowerOrderFinal: false } as const satisfies Parameters;
  static readonly judges = {
    varianceType: fixedVariance(),
    algorithmType: oneOf('dpmsolver', 'dpmsolver++', 'sde-dpmsolver++', 'deis'),
  } satisfies OwnJudges;

  #orders: readonly number[] = [];
  /** The last outputs, the newest first. */
  #history: Float32Array[] = [];
  /** Where the group began. */
  #begun: Float32Array | undefined;

  protected override reset(): void {
    this.#orders = this.#ordersOf(this.timesteps.length);
    this.#history = [];
    this.#begun = undefined;
  }

  /** 1, 2, 3, 1, 2, 3 …, the last ones lower if the number of steps requires it or the run ends without noise. */
  #ordersOf(steps: number): number[] {
    const { solverOrder: order, lowerOrderFinal, finalSigmasType } = this.settings;
    const endsClean = finalSigmasType === 'zero';
    const orders = Array.from({ length: steps }, (_, i) => (i % order) + 1);
    if (order > 1 && steps % order === 0 && (lowerOrderFinal || endsClean)) {
      // Whole groups: the last gives way to lower orders, 1 2 1 in place of 1 2 3, and 1 1 in place of 1 2.
      orders[steps - 1] = 1;
    }
    if (endsClean) orders[steps - 1] = 1;
    return orders;
  }

  step(prediction: Float32Array, index: number, sample: Float32Array, randn: RandomNormal): Float32Array {
    const newest = this.output(prediction, index, sample);
    this.#history = [newest, ...this.#history.slice(0, this.settings.solverOrder - 1)];
    // If strength makes a run begin inside a group, too few outputs are known for its order.
    const order = Math.min(this.#orders[index] ?? 1, this.#history.length);
    if (order === 1) this.#begun = sample;
    const begun = index - order + 1;
    const [from, to] = [this.level(begun), this.level(index + 1)];
    const first = this.#history[order - 1] ?? newest;
    const weighsFirst = order === 3 || this.settings.solverType === 'heun' ? 'exactly' : 'midpoint';
    const slopes = this.#slopes(begun, index, order);
    return this.advance(this.#begun ?? sample, from, to, first, slopes, weighsFirst, randn);
  }

  #slopes(begun: number, index: number, order: number): Float32Array[] {
    const first = this.#history[order - 1];
    const [newest, middle] = this.#history;
    if (order === 1 || !first || !newest || !middle) return [];
    const start = this.level(begun).lambda;
    const h = this.level(index + 1).lambda - start;
    const slopeTo = (output: Float32Array, at: number) => {
      const share = (this.level(at).lambda - start) / h;
      return { share, slope: combine(1 / share, output, -1 / share, first) };
    };
    const far = slopeTo(newest, index);
    if (order === 2 || this.settings.solverType !== 'heun') return [far.slope];
    const near = slopeTo(middle, index - 1);
    const apart = far.share - near.share;
    return [
      combine(far.share / apart, near.slope, -near.share / apart, far.slope),
      combine(2 / apart, far.slope, -2 / apart, near.slope),
    ];
  }
}
