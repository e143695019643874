/** The scheduler of a run: which class, with which settings. */
import { CheckpointError, InputError } from '../../contract/errors';
import { type SchedulerName, schedulerNames } from '../../contract/schema';
import { SchedulerKeyError, settingsFor } from './config';
import { named, type SchedulerMethod, schedulerClasses } from './index';
import type { Scheduler } from './scheduler';
import type { SchedulerConfig } from './settings';

/**
 * The scheduler of a run, before `setTimesteps`.
 *
 * As diffusers' StableDiffusionInpaintPipeline does on loading, the checkpoint's own scheduler gets `steps_offset` 1 and
 * skips PNDM's Runge-Kutta steps whatever its file says; SDXL's pipelines take the file `as written`. A chosen one is
 * `X.from_config(pipe.scheduler.config)`: it keeps the file's betas, prediction type, spacing and offset, and has its own
 * defaults for what the file leaves out.
 * @param name absent: the checkpoint's own
 * @throws InputError if that one cannot run with this file but others can, CheckpointError if none can
 */
export function createScheduler(
  config: SchedulerConfig,
  name?: SchedulerName,
  file: 'corrected' | 'as written' = 'corrected',
): Scheduler {
  const loaded = file === 'corrected' ? asPipelineLoads(config) : config;
  try {
    return name === undefined ? ownScheduler(loaded, file) : namedScheduler(loaded, name);
  } catch (error) {
    if (!(error instanceof SchedulerKeyError)) throw error;
    throw refusal(error, loaded, name);
  }
}

function ownScheduler(loaded: SchedulerConfig, file: 'corrected' | 'as written'): Scheduler {
  const { className } = loaded;
  if (!Object.hasOwn(schedulerClasses, className))
    throw new SchedulerKeyError('_class_name', `is ${className}: Inlay lacks it`);
  const Class: SchedulerMethod = schedulerClasses[className as keyof typeof schedulerClasses];
  const settings = settingsFor(Class, loaded);
  return new Class(file === 'corrected' ? { ...settings, stepsOffset: 1, skipPrkSteps: true } : settings);
}

function namedScheduler(loaded: SchedulerConfig, name: SchedulerName): Scheduler {
  const { className, said } = named[name];
  const Class: SchedulerMethod = schedulerClasses[className];
  return new Class(settingsFor(Class, loaded, said));
}

/** Which key with which value, why, and the schedulers that can run instead. */
function refusal(error: SchedulerKeyError, loaded: SchedulerConfig, name: SchedulerName | undefined): Error {
  const others = schedulerNames.filter((other) => {
    try {
      return other !== name && namedScheduler(loaded, other);
    } catch {
      return false;
    }
  });
  if (others.length === 0)
    return new CheckpointError(`scheduler_config.json: ${error.message}; choose another model`);
  const which = name === undefined ? "this model's own scheduler" : `with this model, ${name}`;
  return new InputError(
    'scheduler',
    `scheduler: ${which} cannot run (scheduler_config.json: ${error.message}); choose one of ${others.join(', ')}`,
  );
}

/** Keys that the file has are corrected in it; keys that it lacks are not passed on to another class. */
function asPipelineLoads({ className, keys }: SchedulerConfig): SchedulerConfig {
  const has = (key: string) => keys[key] !== undefined && keys[key] !== null;
  return {
    className,
    keys: {
      ...keys,
      ...(has('steps_offset') && { steps_offset: 1 }),
      ...(has('skip_prk_steps') && { skip_prk_steps: true }),
    },
  };
}
