/** Reads `scheduler_config.json` and fills in what it leaves out, as diffusers' `from_config` does. */
import { z } from 'zod';
import { CheckpointError } from '../../engine/errors';
import type { SchedulerConfig, SchedulerSettings } from '../components';

/** Training steps; published: 1,000. Tables of that length are computed before anything is painted. */
const MAX_TIMESTEPS = 100_000;
const steps = z
  .number()
  .int()
  .positive()
  .max(MAX_TIMESTEPS, `more than the ${MAX_TIMESTEPS} steps that any model has`);
const flag = z.boolean().nullish();
const fileSchema = z.object({
  _class_name: z.string(),
  num_train_timesteps: steps.nullish(),
  beta_start: z.number().nullish(),
  beta_end: z.number().nullish(),
  beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).nullish(),
  trained_betas: z.array(z.number()).max(MAX_TIMESTEPS).nullish(),
  prediction_type: z.enum(['epsilon', 'v_prediction', 'sample']).nullish(),
  timestep_spacing: z.enum(['leading', 'linspace', 'trailing']).nullish(),
  steps_offset: z.number().int().min(-MAX_TIMESTEPS).max(MAX_TIMESTEPS).nullish(),
  set_alpha_to_one: flag,
  clip_sample: flag,
  clip_sample_range: z.number().nullish(),
  skip_prk_steps: flag,
  use_karras_sigmas: flag,
  sigma_min: z.number().nullish(),
  sigma_max: z.number().nullish(),
  rescale_betas_zero_snr: flag,
  interpolation_type: z.enum(['linear', 'log_linear']).nullish(),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).nullish(),
  solver_order: z.number().int().positive().nullish(),
  algorithm_type: z.string().nullish(),
  solver_type: z.string().nullish(),
  lower_order_final: flag,
  euler_at_final: flag,
  use_exponential_sigmas: flag,
  predict_x0: flag,
  disable_corrector: z.array(z.number().int()).nullish(),
  original_inference_steps: steps.nullish(),
  timestep_scaling: z.number().nullish(),
  noise_sampler_seed: z.number().int().nonnegative().nullish(),
  // Not implemented: to ignore them would change pictures silently.
  thresholding: z.literal(false).nullish(),
  use_beta_sigmas: z.literal(false).nullish(),
  use_lu_lambdas: z.literal(false).nullish(),
  use_flow_sigmas: z.literal(false).nullish(),
  timestep_type: z.literal('discrete').nullish(),
  lambda_min_clipped: z.null().optional(),
  variance_type: z.null().optional(),
  solver_p: z.null().optional(),
});

/** What a file may say; η is an argument of diffusers' `step`. */
type FileSettings = Omit<SchedulerSettings, 'eta'>;

/** Python writes the infinities of DPM++'s `lambda_min_clipped` into its JSON, which JSON forbids. */
const PYTHON_NUMBER = /(:\s*)(?:-?Infinity|NaN)(?=\s*[,}])/g;

/**
 * @param text the file's content
 * @throws CheckpointError that names the key which is damaged or asks for something that Inlay cannot do
 */
export function parseSchedulerConfig(text: string): SchedulerConfig {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(PYTHON_NUMBER, '$1null'));
  } catch (cause) {
    throw new CheckpointError('scheduler_config.json is not JSON; delete the model and download it again', {
      cause,
    });
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const key = issue?.path.join('.') || 'the file';
    throw new CheckpointError(
      `scheduler_config.json: ${key} has a value that Inlay cannot use (${issue?.message})`,
    );
  }
  const file = parsed.data;
  const values: { [Key in keyof FileSettings]: FileSettings[Key] | null | undefined } = {
    numTrainTimesteps: file.num_train_timesteps,
    betaStart: file.beta_start,
    betaEnd: file.beta_end,
    betaSchedule: file.beta_schedule,
    trainedBetas: file.trained_betas,
    predictionType: file.prediction_type,
    timestepSpacing: file.timestep_spacing,
    stepsOffset: file.steps_offset,
    setAlphaToOne: file.set_alpha_to_one,
    clipSample: file.clip_sample,
    clipSampleRange: file.clip_sample_range,
    skipPrkSteps: file.skip_prk_steps,
    useKarrasSigmas: file.use_karras_sigmas,
    sigmaMin: file.sigma_min,
    sigmaMax: file.sigma_max,
    rescaleBetasZeroSnr: file.rescale_betas_zero_snr,
    interpolationType: file.interpolation_type,
    finalSigmasType: file.final_sigmas_type,
    solverOrder: file.solver_order,
    algorithmType: file.algorithm_type,
    solverType: file.solver_type,
    lowerOrderFinal: file.lower_order_final,
    eulerAtFinal: file.euler_at_final,
    useExponentialSigmas: file.use_exponential_sigmas,
    predictX0: file.predict_x0,
    disableCorrector: file.disable_corrector,
    originalInferenceSteps: file.original_inference_steps,
    timestepScaling: file.timestep_scaling,
    noiseSamplerSeed: file.noise_sampler_seed,
  };
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value != null));
  return { className: file._class_name, given: given as Partial<SchedulerSettings> };
}

/** The scheduler classes of diffusers that Inlay has. */
export const schedulerClasses = [
  'DDIMScheduler',
  'PNDMScheduler',
  'EulerDiscreteScheduler',
  'EulerAncestralDiscreteScheduler',
  'HeunDiscreteScheduler',
  'LMSDiscreteScheduler',
  'DPMSolverMultistepScheduler',
  'DPMSolverSDEScheduler',
  'DEISMultistepScheduler',
  'UniPCMultistepScheduler',
  'LCMScheduler',
  'TCDScheduler',
] as const;
export type SchedulerClass = (typeof schedulerClasses)[number];

const commonDefaults: SchedulerSettings = {
  numTrainTimesteps: 1000,
  betaStart: 0.0001,
  betaEnd: 0.02,
  betaSchedule: 'linear',
  predictionType: 'epsilon',
  timestepSpacing: 'linspace',
  stepsOffset: 0,
  setAlphaToOne: false,
  clipSample: false,
  clipSampleRange: 1,
  skipPrkSteps: false,
  useKarrasSigmas: false,
  useExponentialSigmas: false,
  rescaleBetasZeroSnr: false,
  interpolationType: 'linear',
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

const latentDiffusionBetas = { betaStart: 0.00085, betaEnd: 0.012 } as const;
const consistencyDefaults = {
  ...latentDiffusionBetas,
  betaSchedule: 'scaled_linear',
  setAlphaToOne: true,
} as const;

/** Where a class's constructor has other defaults. */
const classDefaults: Partial<Record<SchedulerClass, Partial<SchedulerSettings>>> = {
  DDIMScheduler: { timestepSpacing: 'leading', setAlphaToOne: true, clipSample: true },
  PNDMScheduler: { timestepSpacing: 'leading' },
  HeunDiscreteScheduler: latentDiffusionBetas,
  DPMSolverSDEScheduler: latentDiffusionBetas,
  LCMScheduler: consistencyDefaults,
  TCDScheduler: consistencyDefaults,
};

const noZeroSnr = { rescaleBetasZeroSnr: false } as const;
const noZeroSnrNorInterpolation = { ...noZeroSnr, interpolationType: 'linear' } as const;

/** What a class's constructor does not take: a file of another class that sets it has no effect. */
const notTaken: Partial<Record<SchedulerClass, Partial<SchedulerSettings>>> = {
  PNDMScheduler: noZeroSnr,
  HeunDiscreteScheduler: noZeroSnrNorInterpolation,
  LMSDiscreteScheduler: noZeroSnrNorInterpolation,
  DPMSolverSDEScheduler: noZeroSnrNorInterpolation,
  DEISMultistepScheduler: noZeroSnr,
};

/** The settings of `className.from_config(config)`: what the file says, else that class's defaults. */
export function settingsFor(className: SchedulerClass, config: SchedulerConfig): SchedulerSettings {
  return { ...commonDefaults, ...classDefaults[className], ...config.given, ...notTaken[className] };
}
