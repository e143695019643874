/** What the denoising loop asks of a scheduler, whatever its method. */

/** The next n values of the run's random generator. */
export type RandomNormal = (n: number) => Float32Array;

/**
 * One run's way from noise to image. Positions are indexes into `timesteps`, never timesteps: with Karras sigmas and with
 * PNDM the same timestep may occur twice.
 */
export interface Scheduler {
  /** The denoiser's time input, one per evaluation; may be fractional. Empty before `setTimesteps`. */
  readonly timesteps: readonly number[];
  /** Entries of `timesteps` per step of the method: 1, or 2 for second-order methods such as Heun's. */
  readonly order: number;
  /** What pure noise is multiplied with to begin at `timesteps[0]`. */
  readonly initNoiseSigma: number;
  /**
   * Prepares a run of that many steps and forgets the run before.
   * @param seed the run's; used only by methods with their own generator (DPM++ SDE)
   * @throws InputError if the method cannot take that many steps
   */
  setTimesteps(steps: number, seed?: number): void;
  /** Latents as the denoiser expects them; a method without it passes them on unchanged. */
  scaleModelInput?(sample: Float32Array, index: number): Float32Array;
  /**
   * Latents after `timesteps[index]`. Calls go in order, from the run's first index on.
   * @param prediction the denoiser's, guidance applied
   * @param randn drawn from only by stochastic methods
   */
  step(prediction: Float32Array, index: number, sample: Float32Array, randn: RandomNormal): Float32Array;
  /** The clean latents that a prediction implies; previews show them. */
  denoised(prediction: Float32Array, index: number, sample: Float32Array): Float32Array;
  /** Clean latents brought to the noise level of `timesteps[index]`. */
  addNoise(original: Float32Array, noise: Float32Array, index: number): Float32Array;
}
