/** Reads `scheduler_config.json`, and fills in for a class what it leaves out, as diffusers' `from_config` does. */
import { z } from 'zod';
import { CheckpointError } from '../../contract/errors';
import {
  type FileSettings,
  judges,
  type OwnJudges,
  type Parameters,
  type SchedulerConfig,
  type SchedulerSettings,
  withoutEffect,
} from './settings';

/** Characters of a file's value that an error shows. */
const SHOWN = 60;

/** Python writes the infinities of DPM++'s `lambda_min_clipped` into its JSON, which JSON forbids. */
const PYTHON_NUMBER = /(:\s*)(?:-?Infinity|NaN)(?=\s*[,}])/g;
const fileSchema = z.looseObject({ _class_name: z.string() });

/**
 * @param text the file's content
 * @throws CheckpointError if it is not JSON, or names no class
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

/** A key that the class reads, with a value that Inlay cannot use. */
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

/** What a scheduler class takes from a file. */
export interface SchedulerTakes {
  /** With their defaults. A key that a class does not take has no effect on it, whatever a file says. */
  readonly parameters: Parameters;
  readonly judges?: OwnJudges;
}

/**
 * The settings of diffusers' `Class.from_config(config, **said)`: what the file says of the keys that the class takes, else
 * that class's defaults.
 * @param said what the scheduler's name says; it overrides the file
 * @throws SchedulerKeyError naming the key which is damaged or asks for something that Inlay cannot do
 */
export function settingsFor(
  takes: SchedulerTakes,
  { keys }: SchedulerConfig,
  said: Partial<SchedulerSettings> = {},
): SchedulerSettings {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(judges) as (keyof FileSettings)[]) {
    const key = snakeCase(name);
    const value = keys[key];
    if (!(name in takes.parameters) || name in said || value === undefined || value === null) continue;
    const judge: z.ZodType = takes.judges?.[name] ?? judges[name];
    const judged = judge.safeParse(value);
    if (!judged.success)
      throw new SchedulerKeyError(key, `is ${shown(value)}: ${judged.error.issues[0]?.message}`);
    given[name] = judged.data;
  }
  const settings: SchedulerSettings = { ...withoutEffect, ...takes.parameters, ...given, ...said };
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
  // Of a long list, only as many entries as may be shown.
  const text = JSON.stringify(Array.isArray(value) ? value.slice(0, SHOWN) : value) ?? String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** `predictX0` → `predict_x0`, `solverP` → `solver_p` */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
