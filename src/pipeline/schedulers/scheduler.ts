/** What the denoising loop asks of a scheduler, whatever its method. */

/** The next n values of the run's random generator. */
export type RandomNormal = (n: number) => Float32Array;

/**
 * One run's way from noise to picture. Positions are given as an index into `timesteps`, never as a timestep: with
 * Karras sigmas and with PNDM the same timestep may stand there twice.
 */
export interface Scheduler {
  /** The UNet's time input, one per evaluation; may be fractional. Empty before `setTimesteps`. */
  readonly timesteps: readonly number[];
  /** Entries of `timesteps` to one step of the method: 1, or 2 for second-order methods such as Heun's. */
  readonly order: number;
  /** What pure noise is multiplied with to begin at `timesteps[0]`. */
  readonly initNoiseSigma: number;
  /**
   * Prepares a run of so many steps and forgets the one before.
   * @param seed the run's; only methods with a generator of their own (DPM++ SDE) take it
   * @throws InputError where the method cannot make so many steps
   */
  setTimesteps(steps: number, seed?: number): void;
  /** Latents as the UNet wants to see them; a method without it shows them as they are. */
  scaleModelInput?(sample: Float32Array, index: number): Float32Array;
  /**
   * Latents after `timesteps[index]`. Calls go in order, from the run's first index on.
   * @param prediction the UNet's answer, guidance applied
   * @param randn drawn from only by stochastic methods
   */
  step(prediction: Float32Array, index: number, sample: Float32Array, randn: RandomNormal): Float32Array;
  /** The clean latents that a prediction implies: what a preview shows. */
  denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array;
  /** Clean latents brought to the noise level of `timesteps[index]`. */
  addNoise(original: Float32Array, noise: Float32Array, index: number): Float32Array;
}
