/** The settings of a scheduler, as its file gives them and as it computes with them. */

/** What a scheduler computes with: the constructor arguments of diffusers' scheduler classes. */
export interface SchedulerSettings {
  numTrainTimesteps: number;
  betaStart: number;
  betaEnd: number;
  betaSchedule: 'linear' | 'scaled_linear' | 'squaredcos_cap_v2' | 'exp' | 'sigmoid';
  /** Overrides the schedule where the file gives the betas themselves. */
  trainedBetas?: readonly number[] | undefined;
  predictionType: 'epsilon' | 'v_prediction' | 'sample';
  timestepSpacing: 'leading' | 'linspace' | 'trailing';
  stepsOffset: number;
  setAlphaToOne: boolean;
  clipSample: boolean;
  clipSampleRange: number;
  /** Whether x₀ is scaled down by a high quantile of its values, in place of clipping. */
  thresholding: boolean;
  /** That quantile, and how far beyond 1 it may scale. */
  dynamicThresholdingRatio: number;
  sampleMaxValue: number;
  /** DDPM: how much noise comes back at each step. */
  varianceType?: 'fixed_small' | 'fixed_small_log' | 'fixed_large' | undefined;
  skipPrkSteps: boolean;
  useKarrasSigmas: boolean;
  useExponentialSigmas: boolean;
  /** What these two ask for Inlay does not have. */
  useBetaSigmas: false;
  useFlowSigmas: false;
  /** DPM-Solver: levels evenly apart in log σ, as exponential ones, at whole timesteps. */
  useLuLambdas: boolean;
  /** Ends of the range of Karras or exponential sigmas, in place of those of the training schedule. */
  sigmaMin?: number | undefined;
  sigmaMax?: number | undefined;
  rescaleBetasZeroSnr: boolean;
  interpolationType: 'linear' | 'log_linear';
  /** Euler: whether a model of v is told the timestep, or a quarter of log σ. */
  timestepType: 'discrete' | 'continuous';
  finalSigmasType: 'zero' | 'sigma_min';
  /** DPM-Solver: noise levels whose λ lies below are left out. */
  lambdaMinClipped?: number | undefined;
  solverOrder: number;
  algorithmType: 'dpmsolver' | 'dpmsolver++' | 'sde-dpmsolver' | 'sde-dpmsolver++' | 'deis';
  solverType: 'midpoint' | 'heun' | 'logrho' | 'bh1' | 'bh2';
  lowerOrderFinal: boolean;
  eulerAtFinal: boolean;
  /** UniPC: whether it extrapolates x₀ or the noise. */
  predictX0: boolean;
  /** UniPC: steps after which the corrector does not run. */
  disableCorrector: readonly number[];
  /** UniPC: another scheduler for the prediction, which no file can hold. */
  solverP?: undefined;
  /** LCM and TCD: steps of the schedule that they were distilled on. */
  originalInferenceSteps: number;
  /** LCM: how fast the weight of the sample itself falls with the timestep. */
  timestepScaling: number;
  /** TCD: share of each step that is fresh noise, from 0 to 1; an argument of diffusers' `step`. */
  eta: number;
  /** DPM++ SDE: seed of its noise; absent: that of the run. */
  noiseSamplerSeed?: number | undefined;
}

/**
 * `scheduler/scheduler_config.json`: only what the file says, not yet judged. Defaults differ between diffusers' classes,
 * and a key that one class heeds is nothing to another; so both wait for the class that runs, which need not be the file's.
 */
export interface SchedulerConfig {
  /** diffusers' class name, e.g. `PNDMScheduler`. */
  className: string;
  /** The file's other keys, as they stand there; null counts as left out. */
  keys: Readonly<Record<string, unknown>>;
}
