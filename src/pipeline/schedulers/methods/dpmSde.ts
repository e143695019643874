/**
 * DPM-Solver++ as a stochastic equation of second order, two evaluations a step (k-diffusion's `sample_dpmpp_sde`):
 * diffusers' DPMSolverSDEScheduler.
 *
 * Its noise is that of torchsde's Brownian tree, not that of the run's generator. diffusers seeds the tree with
 * `noise_sampler_seed`, or from the global generator if the configuration has none, so that no seed repeats an image;
 * here the run's own seed is used instead. torchsde looks up noise at σ rounded to six decimals: if torch's float32 exp
 * differs by its last bit, as it does between machines, one step's noise differs by about a thousandth.
 */

import { BrownianTree } from '../../noise/brownianTree';
import { SchedulerKeyError } from '../config';
import { combine } from '../schedule/numeric';
import { timestepOfSigma } from '../schedule/sigmas';
import { spacedTimesteps } from '../schedule/timesteps';
import { latentDiffusionBetas, type Parameters, type SchedulerSettings, shapes, spacing } from '../settings';
import { SigmaMethod } from './sigmaMethod';

const { fround } = Math;
/** −log σ and back, in float32 as torch has them. */
const timeOf = (sigma: number) => fround(-fround(Math.log(sigma)));
const sigmaAt = (time: number) => fround(Math.exp(-time));

export class DpmSdeScheduler extends SigmaMethod {
  static readonly parameters = {
    ...latentDiffusionBetas,
    ...spacing,
    ...shapes,
    noiseSamplerSeed: undefined,
  } as const satisfies Parameters;

  override readonly order = 2;
  #seed = 0;
  #tree: BrownianTree | undefined;
  /** Where the current step began, between its two evaluations. */
  #begun: Float32Array | undefined;

  constructor(settings: SchedulerSettings) {
    super(settings);
    if (settings.predictionType === 'sample') {
      throw new SchedulerKeyError('prediction_type', 'is "sample", which DPM++ SDE does not know');
    }
  }

  setTimesteps(steps: number, seed = 0): void {
    const { timesteps, sigmas } = this.schedule(steps, false);
    // Between two timesteps the one halfway in log σ, for the second evaluation.
    this.timesteps = timesteps.flatMap((timestep, i) => {
      const next = sigmas[i + 1];
      if (next === undefined) return [timestep];
      const middle = Math.exp((Math.log(sigmas[i] ?? 0) + Math.log(next)) / 2);
      return [timestep, timestepOfSigma(middle, this.trainingSigmas)];
    });
    this.sigmas = Float32Array.from([
      ...sigmas.flatMap((sigma, i) => (i === 0 ? [sigma] : [sigma, sigma])),
      0,
    ]);
    this.#seed = this.settings.noiseSamplerSeed ?? seed;
    this.#tree = undefined;
    this.#begun = undefined;
  }

  /** In double, as only this class has them: the last bits of σ decide which noise of the tree is taken. */
  protected override spaced(steps: number): number[] {
    return spacedTimesteps(this.settings, steps);
  }

  /** An odd index is the middle of the step that began at the index before. */
  protected override inputSigma(index: number): number {
    return index % 2 === 0 ? this.sigma(index) : sigmaAt(this.#middle(index - 1));
  }

  /** −log σ halfway through the step that begins at an index. */
  #middle(index: number): number {
    const from = timeOf(this.sigma(index));
    return fround(from + fround(fround(timeOf(this.sigma(index + 1)) - from) * 0.5));
  }

  step(prediction: Float32Array, index: number, sample: Float32Array): Float32Array {
    const original = this.denoised(prediction, index, sample);
    const begun = this.#begun;
    const start = begun ? index - 1 : index;
    if (!begun && this.sigma(index + 1) === 0) return original;

    const from = sigmaAt(timeOf(this.sigma(start)));
    const to = begun ? sigmaAt(timeOf(this.sigma(index))) : sigmaAt(this.#middle(index));
    this.#begun = begun ? undefined : sample;
    // As Euler ancestral: below the level and back up with noise.
    const up = Math.min(to, Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2));
    const keep = Math.sqrt(to ** 2 - up ** 2) / from;
    const next = combine(keep, begun ?? sample, 1 - keep, original);
    return combine(1, next, up, this.#noise(from, to, sample.length));
  }

  /** The tree's increment from one noise level down to another, scaled to unit variance. */
  #noise(from: number, to: number, size: number): Float32Array {
    const positive = this.sigmas.filter((sigma) => sigma > 0);
    this.#tree ??= new BrownianTree(Math.min(...positive), Math.max(...positive), size, this.#seed);
    const high = this.#tree.at(from);
    const low = this.#tree.at(to);
    const scale = -1 / Math.sqrt(from - to);
    return Float32Array.from(high, (value, i) => (value - (low[i] ?? 0)) * scale);
  }
}
