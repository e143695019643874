/**
 * PNDM (arXiv 2202.09778) as diffusers' PNDMScheduler: Runge-Kutta for the first steps unless skipped, then a linear
 * multistep method over the last four predictions.
 */

import { SchedulerKeyError } from '../config';
import { combine, roundHalfEven } from '../schedule/numeric';
import { spacedTimesteps } from '../schedule/timesteps';
import { betas, leading, type Parameters, type SchedulerSettings } from '../settings';
import { AlphaMethod } from './alphaMethod';

const RUNGE_KUTTA_STEPS = 4;
/** Adams-Bashforth weights of the last predictions, the newest first. */
const MULTISTEP: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];
/** Weights of the four evaluations of a Runge-Kutta step. */
const RUNGE_KUTTA = [1 / 6, 1 / 3, 1 / 3, 1 / 6] as const;

export class PndmScheduler extends AlphaMethod {
  static readonly parameters = {
    ...betas,
    ...leading,
    skipPrkSteps: false,
    setAlphaToOne: false,
  } as const satisfies Parameters;

  #stride = 1;
  #rungeKuttaTimesteps: readonly number[] = [];
  /** Evaluations so far; the method uses this, not the index, so that a run may begin later. */
  #counter = 0;
  /** The last predictions, the newest first. */
  #history: Float32Array[] = [];
  /** Sum of a Runge-Kutta step's predictions so far. */
  #sum: Float32Array | undefined;
  /** Where the current Runge-Kutta or two-evaluation step began. */
  #stepSample: Float32Array | undefined;

  constructor(settings: SchedulerSettings) {
    super(settings);
    if (settings.predictionType === 'sample') {
      throw new SchedulerKeyError('prediction_type', 'is "sample", which PNDM does not know');
    }
  }

  setTimesteps(steps: number): void {
    this.#stride = Math.floor(this.settings.numTrainTimesteps / steps);
    const descending = spacedTimesteps(this.settings, steps).map(roundHalfEven);
    // Runge-Kutta needs four steps; diffusers fails with fewer.
    if (this.settings.skipPrkSteps || steps < RUNGE_KUTTA_STEPS) {
      // The second one twice: the first step takes two evaluations.
      this.#rungeKuttaTimesteps = [];
      this.timesteps = [...descending.slice(0, 2), ...descending.slice(1)];
    } else {
      this.#rungeKuttaTimesteps = this.#rungeKutta(descending.slice(0, RUNGE_KUTTA_STEPS));
      this.timesteps = [...this.#rungeKuttaTimesteps, ...descending.slice(3)];
    }
    this.#counter = 0;
    this.#history = [];
    this.#sum = undefined;
    this.#stepSample = undefined;
  }

  /** Each step's beginning, its middle twice and its end, which the next begins with. */
  #rungeKutta(descending: readonly number[]): number[] {
    const half = Math.floor(this.#stride / 2);
    const ascending = [...descending].reverse().flatMap((t) => [t, t + half]);
    const twice = ascending.slice(0, -1).flatMap((t) => [t, t]);
    return twice.slice(1, -1).reverse();
  }

  step(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const timestep = this.timestep(index);
    const next =
      this.#counter < this.#rungeKuttaTimesteps.length
        ? this.#stepRungeKutta(prediction, timestep, sample)
        : this.#stepMultistep(prediction, timestep, sample);
    this.#counter++;
    return next;
  }

  #stepRungeKutta(prediction: Float32Array, evaluatedAt: number, sample: Float32Array): Float32Array {
    const phase = this.#counter % 4;
    const weight = RUNGE_KUTTA[phase] ?? 0;
    const sum = this.#sum
      ? combine(1, this.#sum, weight, prediction)
      : prediction.map((value) => value * weight);
    if (phase === 0) {
      this.#history.unshift(prediction);
      this.#stepSample = sample;
    }
    this.#sum = phase === 3 ? undefined : sum;
    const previous = evaluatedAt - (this.#counter % 2 ? 0 : Math.floor(this.#stride / 2));
    const timestep = this.#rungeKuttaTimesteps[this.#counter - phase] ?? -1;
    return this.#previousSample(
      this.#stepSample ?? sample,
      timestep,
      previous,
      phase === 3 ? sum : prediction,
    );
  }

  #stepMultistep(prediction: Float32Array, timestep: number, sample: Float32Array): Float32Array {
    if (this.#counter === 1) {
      // The first step's second evaluation: from the same sample, with the mean of both predictions.
      const began = this.#stepSample ?? sample;
      this.#stepSample = undefined;
      const mean = combine(0.5, prediction, 0.5, this.#history[0] ?? prediction);
      return this.#previousSample(began, timestep + this.#stride, timestep, mean);
    }
    this.#history = [prediction, ...this.#history.slice(0, 3)];
    if (this.#counter === 0) this.#stepSample = sample;
    const weights = MULTISTEP[this.#history.length - 1] ?? [];
    const mixed = prediction.map((_, i) =>
      weights.reduce((sum, weight, age) => sum + weight * (this.#history[age]?.[i] ?? 0), 0),
    );
    return this.#previousSample(sample, timestep, timestep - this.#stride, mixed);
  }

  /** Formula (9) of the paper. */
  #previousSample(
    sample: Float32Array,
    timestep: number,
    previous: number,
    prediction: Float32Array,
  ): Float32Array {
    const alpha = this.alphaAt(timestep);
    const alphaPrevious = this.alphaAt(previous);
    const noise = this.noise(prediction, sample, alpha);
    const denominator = alpha * Math.sqrt(1 - alphaPrevious) + Math.sqrt(alpha * (1 - alpha) * alphaPrevious);
    return combine(Math.sqrt(alphaPrevious / alpha), sample, (alpha - alphaPrevious) / denominator, noise);
  }
}
