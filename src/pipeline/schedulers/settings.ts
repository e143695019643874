/**
 * Every setting of diffusers' scheduler classes that has an effect here: its type, its allowed values in a file, and the
 * groups in which classes take them.
 */
import { z } from 'zod';

/** What a scheduler computes with: the constructor arguments of diffusers' scheduler classes. */
export interface SchedulerSettings {
  numTrainTimesteps: number;
  betaStart: number;
  betaEnd: number;
  betaSchedule: 'linear' | 'scaled_linear' | 'squaredcos_cap_v2' | 'exp' | 'sigmoid';
  /** The betas themselves, if the file gives them; overrides the schedule. */
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
  /** What these two ask for is not implemented in Inlay. */
  useBetaSigmas: false;
  useFlowSigmas: false;
  /** DPM-Solver: levels evenly apart in log σ, as exponential ones, at whole timesteps. */
  useLuLambdas: boolean;
  /** Range of the Karras or exponential sigmas, instead of the training schedule's. */
  sigmaMin?: number | undefined;
  sigmaMax?: number | undefined;
  rescaleBetasZeroSnr: boolean;
  interpolationType: 'linear' | 'log_linear';
  /** Euler: whether a model that predicts v is given the timestep, or a quarter of log σ. */
  timestepType: 'discrete' | 'continuous';
  finalSigmasType: 'zero' | 'sigma_min';
  /** DPM-Solver: noise levels with a smaller λ are left out. */
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

/** What a file may say; η is an argument of diffusers' `step`. */
export type FileSettings = Omit<SchedulerSettings, 'eta'>;

/**
 * `scheduler/scheduler_config.json`: only what the file says, not yet checked. Defaults differ between diffusers' classes,
 * and a key that one class reads another ignores, so both are left to the class that runs, which need not be the file's.
 */
export interface SchedulerConfig {
  /** diffusers' class name, e.g. `PNDMScheduler`. */
  className: string;
  /** The file's other keys, as written; null counts as left out. */
  keys: Readonly<Record<string, unknown>>;
}

/** Training steps; published: 1,000. Tables of that length are computed before anything is painted. */
const MAX_TIMESTEPS = 100_000;

const number = z.number('a number belongs there');
const whole = number.int('a whole number belongs there');
const numbers = z
  .array(number, 'a list of numbers belongs there')
  .max(MAX_TIMESTEPS, 'more than any model has');
const steps = whole
  .positive('a number above 0 belongs there')
  .max(MAX_TIMESTEPS, `more than the ${MAX_TIMESTEPS} steps that any model has`);
const BETWEEN = 'a number from 0 to 1 belongs there';
const flag = z.boolean('true or false belongs there');
/** A check for words. */
export const oneOf = <Value extends string>(...values: Value[]) =>
  z.enum(values, { error: `Inlay knows ${values.join(', ')}` });
const never = (why: string) => z.literal(false, { error: why });

/** What each key may hold. */
export const judges = {
  numTrainTimesteps: steps,
  betaStart: number,
  betaEnd: number,
  betaSchedule: oneOf('linear', 'scaled_linear', 'squaredcos_cap_v2'),
  trainedBetas: numbers,
  predictionType: oneOf('epsilon', 'v_prediction', 'sample'),
  timestepSpacing: oneOf('leading', 'linspace', 'trailing'),
  stepsOffset: whole
    .min(-MAX_TIMESTEPS, 'less than any model has')
    .max(MAX_TIMESTEPS, 'more than any model has'),
  setAlphaToOne: flag,
  clipSample: flag,
  clipSampleRange: number,
  thresholding: flag,
  dynamicThresholdingRatio: number.min(0, BETWEEN).max(1, BETWEEN),
  sampleMaxValue: number.positive('a number above 0 belongs there'),
  // What diffusers calls fixed_large_log gives no numbers there; a learned variance would be more channels of the UNet.
  varianceType: oneOf('fixed_small', 'fixed_small_log', 'fixed_large'),
  skipPrkSteps: flag,
  useKarrasSigmas: flag,
  useExponentialSigmas: flag,
  useBetaSigmas: never('Inlay has no beta sigmas'),
  useLuLambdas: flag,
  useFlowSigmas: never('Inlay runs no models of flow matching'),
  sigmaMin: number.nonnegative('0 or more belongs there'),
  sigmaMax: number.positive('a number above 0 belongs there'),
  rescaleBetasZeroSnr: flag,
  interpolationType: oneOf('linear', 'log_linear'),
  timestepType: oneOf('discrete', 'continuous'),
  finalSigmasType: oneOf('zero', 'sigma_min'),
  lambdaMinClipped: number,
  solverOrder: z.union([z.literal(1), z.literal(2), z.literal(3)], { error: 'Inlay knows 1, 2 and 3' }),
  algorithmType: oneOf('dpmsolver', 'dpmsolver++', 'sde-dpmsolver', 'sde-dpmsolver++', 'deis'),
  solverType: oneOf('midpoint', 'heun', 'logrho', 'bh1', 'bh2'),
  lowerOrderFinal: flag,
  eulerAtFinal: flag,
  predictX0: flag,
  disableCorrector: numbers,
  solverP: z.undefined({ error: 'Inlay only has UniPC’s own predictor' }),
  originalInferenceSteps: steps,
  timestepScaling: number,
  noiseSamplerSeed: whole.nonnegative('0 or more belongs there'),
} satisfies { [Key in keyof FileSettings]-?: z.ZodType<FileSettings[Key]> };

/** Settings for which a class accepts other values than most. */
export type OwnJudges = Partial<Record<keyof FileSettings, z.ZodType>>;

/** A model that learned a variance predicts more channels; any other value has no effect on DPM-Solver. */
export function fixedVariance() {
  return z
    .unknown()
    .refine(
      (value) => value !== 'learned' && value !== 'learned_range',
      'Inlay runs no models that learned a variance',
    )
    .transform(() => undefined);
}

/** The settings that a class takes, with their defaults; undefined if diffusers has None. */
export type Parameters = { readonly [Key in keyof FileSettings]?: FileSettings[Key] | undefined };

export const betas = {
  numTrainTimesteps: 1000,
  betaStart: 0.0001,
  betaEnd: 0.02,
  betaSchedule: 'linear',
  trainedBetas: undefined,
  predictionType: 'epsilon',
} as const satisfies Parameters;
export const latentDiffusionBetas = { ...betas, betaStart: 0.00085, betaEnd: 0.012 } as const;
export const spacing = { timestepSpacing: 'linspace', stepsOffset: 0 } as const satisfies Parameters;
export const leading = { timestepSpacing: 'leading', stepsOffset: 0 } as const satisfies Parameters;
export const clipping = { clipSample: true, clipSampleRange: 1 } as const satisfies Parameters;
export const thresholds = {
  thresholding: false,
  dynamicThresholdingRatio: 0.995,
  sampleMaxValue: 1,
} as const satisfies Parameters;
export const shapes = {
  useKarrasSigmas: false,
  useExponentialSigmas: false,
  useBetaSigmas: false,
  // Only Euler's constructor names these two, but every class that shapes its noise levels looks for them.
  sigmaMin: undefined,
  sigmaMax: undefined,
} as const satisfies Parameters;
export const zeroSnr = { rescaleBetasZeroSnr: false } as const satisfies Parameters;

/** The value for a class without the parameter: it changes nothing. */
export const withoutEffect: SchedulerSettings = {
  ...betas,
  ...spacing,
  ...zeroSnr,
  setAlphaToOne: false,
  clipSample: false,
  clipSampleRange: 1,
  ...thresholds,
  varianceType: 'fixed_small',
  skipPrkSteps: false,
  useKarrasSigmas: false,
  useExponentialSigmas: false,
  useBetaSigmas: false,
  useLuLambdas: false,
  useFlowSigmas: false,
  interpolationType: 'linear',
  timestepType: 'discrete',
  finalSigmasType: 'zero',
  solverOrder: 2,
  algorithmType: 'dpmsolver++',
  solverType: 'midpoint',
  lowerOrderFinal: true,
  eulerAtFinal: false,
  predictX0: true,
  disableCorrector: [],
  originalInferenceSteps: 50,
  timestepScaling: 10,
  eta: 0.3,
};
