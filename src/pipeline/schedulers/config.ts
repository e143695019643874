/** Reads `scheduler_config.json`, and fills in for a class what it leaves out, as diffusers' `from_config` does. */
import { z } from 'zod';
import { CheckpointError } from '../../contract/errors';
import { type FileSettings, type SchedulerClass, schedulerClasses, withoutEffect } from './classes';
import type { SchedulerConfig, SchedulerSettings } from './settings';

/** Training steps; published: 1,000. Tables of that length are computed before anything is painted. */
const MAX_TIMESTEPS = 100_000;
/** Characters of a file's value that an error shows. */
const SHOWN = 60;

/** Python writes the infinities of DPM++'s `lambda_min_clipped` into its JSON, which JSON forbids. */
const PYTHON_NUMBER = /(:\s*)(?:-?Infinity|NaN)(?=\s*[,}])/g;
const fileSchema = z.looseObject({ _class_name: z.string() });

/**
 * @param text the file's content
 * @throws CheckpointError where it is no JSON, or names no class
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
    throw new CheckpointError(
      'scheduler_config.json names no scheduler (_class_name); delete the model and download it again',
    );
  }
  const { _class_name: className, ...keys } = parsed.data;
  return { className, keys };
}

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
const oneOf = <Value extends string>(...values: Value[]) =>
  z.enum(values, { error: `Inlay knows ${values.join(', ')}` });
const never = (why: string) => z.literal(false, { error: why });

/** What each key may hold. */
const judges = {
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
  solverP: z.undefined({ error: 'Inlay has UniPC’s own predictor alone' }),
  originalInferenceSteps: steps,
  timestepScaling: number,
  noiseSamplerSeed: whole.nonnegative('0 or more belongs there'),
} satisfies { [Key in keyof FileSettings]-?: z.ZodType<FileSettings[Key]> };

/** Where a class knows other values than the rest. */
const classJudges: Partial<Record<SchedulerClass, Partial<Record<keyof FileSettings, z.ZodType>>>> = {
  DDPMScheduler: { betaSchedule: oneOf('linear', 'scaled_linear', 'squaredcos_cap_v2', 'sigmoid') },
  HeunDiscreteScheduler: { betaSchedule: oneOf('linear', 'scaled_linear', 'squaredcos_cap_v2', 'exp') },
  DPMSolverMultistepScheduler: { varianceType: fixedVariance() },
  DPMSolverSinglestepScheduler: {
    varianceType: fixedVariance(),
    algorithmType: oneOf('dpmsolver', 'dpmsolver++', 'sde-dpmsolver++', 'deis'),
  },
  DEISMultistepScheduler: { algorithmType: oneOf('deis', 'dpmsolver', 'dpmsolver++') },
};

/** A model that learned a variance predicts more channels; any other value has no effect on DPM-Solver. */
function fixedVariance() {
  return z
    .unknown()
    .refine(
      (value) => value !== 'learned' && value !== 'learned_range',
      'Inlay runs no models that learned a variance',
    )
    .transform(() => undefined);
}

/** A key of the file with a value that a class heeds and Inlay cannot use. */
export class SchedulerKeyError extends Error {
  override name = 'SchedulerKeyError';
  constructor(
    /** As the file has it. */
    readonly key: string,
    /** The value, as the file has it, and why it cannot be used. */
    readonly reason: string,
  ) {
    super(`${key} ${reason}`);
  }
}

/**
 * The settings of `className.from_config(config, **said)`: what the file says of the keys that the class takes, else that
 * class's defaults.
 * @param said what a scheduler's name says: of that the file is not asked
 * @throws SchedulerKeyError naming the key which is damaged or asks for something that Inlay cannot do
 */
export function settingsFor(
  className: SchedulerClass,
  { keys }: SchedulerConfig,
  said: Partial<SchedulerSettings> = {},
): SchedulerSettings {
  const defaults: Readonly<Partial<Record<string, unknown>>> = schedulerClasses[className];
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(judges) as (keyof FileSettings)[]) {
    const key = snakeCase(name);
    const value = keys[key];
    if (!(name in defaults) || name in said || value === undefined || value === null) continue;
    const judge: z.ZodType = classJudges[className]?.[name] ?? judges[name];
    const judged = judge.safeParse(value);
    if (!judged.success)
      throw new SchedulerKeyError(key, `is ${shown(value)}: ${judged.error.issues[0]?.message}`);
    given[name] = judged.data;
  }
  const settings: SchedulerSettings = { ...withoutEffect, ...defaults, ...given, ...said };
  const { trainedBetas, numTrainTimesteps, algorithmType } = settings;
  if (settings.useKarrasSigmas && settings.useExponentialSigmas) {
    throw new SchedulerKeyError('use_karras_sigmas', 'and use_exponential_sigmas exclude each other');
  }
  if (algorithmType === 'dpmsolver' || algorithmType === 'sde-dpmsolver') {
    // These cannot end at zero. Files from before the key end at the lowest trained level, as diffusers then did.
    if (given.finalSigmasType === 'zero') {
      throw new SchedulerKeyError('final_sigmas_type', `is "zero", which ${algorithmType} cannot reach`);
    }
    settings.finalSigmasType = 'sigma_min';
  }
  if (trainedBetas && trainedBetas.length !== numTrainTimesteps) {
    throw new SchedulerKeyError(
      'trained_betas',
      `has ${trainedBetas.length} values for a num_train_timesteps of ${numTrainTimesteps}`,
    );
  }
  return settings;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** `predictX0` → `predict_x0`, `solverP` → `solver_p` */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
