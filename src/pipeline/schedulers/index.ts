/** Chooses and configures a scheduler. */
import { InputError } from '../../engine/errors';
import type { SchedulerName } from '../../engine/schema';
import type { SchedulerConfig, SchedulerSettings } from '../components';
import { type SchedulerClass, schedulerClasses, settingsFor } from './config';
import { DdimScheduler } from './ddim';
import { DpmSolverScheduler } from './dpmSolver';
import { EulerAncestralScheduler, EulerScheduler } from './euler';
import { PndmScheduler } from './pndm';
import type { Scheduler } from './scheduler';

export { parseSchedulerConfig } from './config';
export type { RandomNormal, Scheduler } from './scheduler';

const constructors: Record<SchedulerClass, new (settings: SchedulerSettings) => Scheduler> = {
  DDIMScheduler: DdimScheduler,
  PNDMScheduler: PndmScheduler,
  EulerDiscreteScheduler: EulerScheduler,
  EulerAncestralDiscreteScheduler: EulerAncestralScheduler,
  DPMSolverMultistepScheduler: DpmSolverScheduler,
};

/** A scheduler of a class of diffusers with the settings that its constructor would take. */
export function schedulerOf(className: SchedulerClass, settings: SchedulerSettings): Scheduler {
  return new constructors[className](settings);
}

/** What a name in the settings stands for: diffusers' class, and what the name says about it. */
const named: Record<SchedulerName, { className: SchedulerClass; said?: Partial<SchedulerSettings> }> = {
  DDIM: { className: 'DDIMScheduler' },
  PNDM: { className: 'PNDMScheduler' },
  Euler: { className: 'EulerDiscreteScheduler' },
  'Euler a': { className: 'EulerAncestralDiscreteScheduler' },
  'DPM++ 2M': {
    className: 'DPMSolverMultistepScheduler',
    said: { algorithmType: 'dpmsolver++', solverOrder: 2, useKarrasSigmas: false },
  },
  'DPM++ 2M Karras': {
    className: 'DPMSolverMultistepScheduler',
    said: { algorithmType: 'dpmsolver++', solverOrder: 2, useKarrasSigmas: true },
  },
};

/**
 * The scheduler of a run, before `setTimesteps`.
 *
 * As diffusers' StableDiffusionInpaintPipeline does on loading, the checkpoint's own scheduler gets `steps_offset` 1 and
 * skips PNDM's Runge-Kutta steps whatever its file says; SDXL's pipelines take the file `as written`. A chosen one is
 * `X.from_config(pipe.scheduler.config)`: it keeps the file's betas, prediction type, spacing and offset, and has its own
 * defaults for what the file leaves out.
 * @param name absent: the checkpoint's own
 * @throws InputError where the checkpoint's own is of a class that Inlay lacks
 */
export function createScheduler(
  config: SchedulerConfig,
  name?: SchedulerName,
  file: 'corrected' | 'as written' = 'corrected',
): Scheduler {
  const loaded = file === 'corrected' ? asPipelineLoads(config) : config;
  if (name === undefined) {
    const own = schedulerClasses.find((className) => className === config.className);
    if (own === undefined) {
      throw new InputError(
        'scheduler',
        `scheduler: this model's own scheduler, ${config.className}, is not supported yet; choose one of ` +
          `${Object.keys(named).join(', ')}`,
      );
    }
    const settings = settingsFor(own, loaded);
    return schedulerOf(
      own,
      file === 'corrected' ? { ...settings, stepsOffset: 1, skipPrkSteps: true } : settings,
    );
  }
  const { className, said } = named[name];
  return schedulerOf(className, { ...settingsFor(className, loaded), ...said });
}

/** Keys that the file has are corrected in it; those that it lacks are not handed on to another class. */
function asPipelineLoads({ className, given }: SchedulerConfig): SchedulerConfig {
  return {
    className,
    given: {
      ...given,
      ...(given.stepsOffset === undefined ? {} : { stepsOffset: 1 }),
      ...(given.skipPrkSteps === undefined ? {} : { skipPrkSteps: true }),
    },
  };
}
