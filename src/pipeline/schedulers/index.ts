/** Chooses and configures a scheduler. */
import { InputError } from '../../engine/errors';
import type { SchedulerName } from '../../engine/schema';
import type { SchedulerConfig, SchedulerSettings } from '../components';
import { type SchedulerClass, schedulerClasses, settingsFor } from './config';
import { LcmScheduler, TcdScheduler } from './consistency';
import { DdimScheduler } from './ddim';
import { DeisScheduler } from './deis';
import { DpmSdeScheduler } from './dpmSde';
import { DpmSolverScheduler } from './dpmSolver';
import { EulerAncestralScheduler, EulerScheduler } from './euler';
import { HeunScheduler } from './heun';
import { LmsScheduler } from './lms';
import { PndmScheduler } from './pndm';
import type { Scheduler } from './scheduler';
import { UniPcScheduler } from './uniPc';

export { parseSchedulerConfig } from './config';
export type { RandomNormal, Scheduler } from './scheduler';

const constructors: Record<SchedulerClass, new (settings: SchedulerSettings) => Scheduler> = {
  DDIMScheduler: DdimScheduler,
  PNDMScheduler: PndmScheduler,
  EulerDiscreteScheduler: EulerScheduler,
  EulerAncestralDiscreteScheduler: EulerAncestralScheduler,
  HeunDiscreteScheduler: HeunScheduler,
  LMSDiscreteScheduler: LmsScheduler,
  DPMSolverMultistepScheduler: DpmSolverScheduler,
  DPMSolverSDEScheduler: DpmSdeScheduler,
  DEISMultistepScheduler: DeisScheduler,
  UniPCMultistepScheduler: UniPcScheduler,
  LCMScheduler: LcmScheduler,
  TCDScheduler: TcdScheduler,
};

/** A scheduler of a class of diffusers with the settings that its constructor would take. */
export function schedulerOf(className: SchedulerClass, settings: SchedulerSettings): Scheduler {
  return new constructors[className](settings);
}

const evenly = { useKarrasSigmas: false, useExponentialSigmas: false } as const;
const karras = { useKarrasSigmas: true, useExponentialSigmas: false } as const;
const dpmSolver = { algorithmType: 'dpmsolver++', solverOrder: 2 } as const;
const dpmSolverSde = { algorithmType: 'sde-dpmsolver++', solverOrder: 2 } as const;

/** What a name in the settings stands for: diffusers' class, and what the name says about it. */
const named: Record<SchedulerName, { className: SchedulerClass; said?: Partial<SchedulerSettings> }> = {
  DDIM: { className: 'DDIMScheduler' },
  PNDM: { className: 'PNDMScheduler' },
  Euler: { className: 'EulerDiscreteScheduler' },
  'Euler a': { className: 'EulerAncestralDiscreteScheduler' },
  Heun: { className: 'HeunDiscreteScheduler' },
  LMS: { className: 'LMSDiscreteScheduler', said: evenly },
  'LMS Karras': { className: 'LMSDiscreteScheduler', said: karras },
  'DPM++ 2M': { className: 'DPMSolverMultistepScheduler', said: { ...dpmSolver, ...evenly } },
  'DPM++ 2M Karras': { className: 'DPMSolverMultistepScheduler', said: { ...dpmSolver, ...karras } },
  'DPM++ 2M SDE': { className: 'DPMSolverMultistepScheduler', said: { ...dpmSolverSde, ...evenly } },
  'DPM++ 2M SDE Karras': { className: 'DPMSolverMultistepScheduler', said: { ...dpmSolverSde, ...karras } },
  'DPM++ SDE': { className: 'DPMSolverSDEScheduler', said: evenly },
  'DPM++ SDE Karras': { className: 'DPMSolverSDEScheduler', said: karras },
  UniPC: { className: 'UniPCMultistepScheduler' },
  DEIS: { className: 'DEISMultistepScheduler' },
  LCM: { className: 'LCMScheduler' },
  TCD: { className: 'TCDScheduler' },
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
