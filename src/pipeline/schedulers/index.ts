/** Chooses and configures a scheduler. */
import { CheckpointError, InputError } from '../../contract/errors';
import { type SchedulerName, schedulerNames } from '../../contract/schema';
import { isSchedulerClass, type SchedulerClass } from './classes';
import { SchedulerKeyError, settingsFor } from './config';
import { LcmScheduler, TcdScheduler } from './methods/consistency';
import { DdimScheduler } from './methods/ddim';
import { DdpmScheduler } from './methods/ddpm';
import { DeisScheduler } from './methods/deis';
import { DpmSdeScheduler } from './methods/dpmSde';
import { DpmSinglestepScheduler } from './methods/dpmSinglestep';
import { DpmSolverScheduler } from './methods/dpmSolver';
import { EulerAncestralScheduler, EulerScheduler } from './methods/euler';
import { HeunScheduler } from './methods/heun';
import { Kdpm2AncestralScheduler, Kdpm2Scheduler } from './methods/kdpm2';
import { LmsScheduler } from './methods/lms';
import { PndmScheduler } from './methods/pndm';
import { UniPcScheduler } from './methods/uniPc';
import type { Scheduler } from './scheduler';
import type { SchedulerConfig, SchedulerSettings } from './settings';

export { parseSchedulerConfig } from './config';
export type { RandomNormal, Scheduler } from './scheduler';

const constructors: Record<SchedulerClass, new (settings: SchedulerSettings) => Scheduler> = {
  DDIMScheduler: DdimScheduler,
  DDPMScheduler: DdpmScheduler,
  PNDMScheduler: PndmScheduler,
  EulerDiscreteScheduler: EulerScheduler,
  EulerAncestralDiscreteScheduler: EulerAncestralScheduler,
  HeunDiscreteScheduler: HeunScheduler,
  KDPM2DiscreteScheduler: Kdpm2Scheduler,
  KDPM2AncestralDiscreteScheduler: Kdpm2AncestralScheduler,
  LMSDiscreteScheduler: LmsScheduler,
  DPMSolverMultistepScheduler: DpmSolverScheduler,
  DPMSolverSinglestepScheduler: DpmSinglestepScheduler,
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

/** How a name says that noise levels are spaced: as the timesteps are, or Karras'. */
const evenly = {
  useKarrasSigmas: false,
  useExponentialSigmas: false,
  useBetaSigmas: false,
  useLuLambdas: false,
} as const;
const karras = { ...evenly, useKarrasSigmas: true } as const;
const dpmSolver = { algorithmType: 'dpmsolver++', solverOrder: 2 } as const;
const dpmSolverSde = { algorithmType: 'sde-dpmsolver++', solverOrder: 2 } as const;

/** What a name in the settings stands for: diffusers' class, and what the name says about it. */
const named: Record<SchedulerName, { className: SchedulerClass; said?: Partial<SchedulerSettings> }> = {
  DDIM: { className: 'DDIMScheduler' },
  PNDM: { className: 'PNDMScheduler' },
  Euler: { className: 'EulerDiscreteScheduler' },
  'Euler a': { className: 'EulerAncestralDiscreteScheduler' },
  DDPM: { className: 'DDPMScheduler' },
  Heun: { className: 'HeunDiscreteScheduler' },
  DPM2: { className: 'KDPM2DiscreteScheduler', said: evenly },
  'DPM2 Karras': { className: 'KDPM2DiscreteScheduler', said: karras },
  'DPM2 a': { className: 'KDPM2AncestralDiscreteScheduler', said: evenly },
  'DPM2 a Karras': { className: 'KDPM2AncestralDiscreteScheduler', said: karras },
  LMS: { className: 'LMSDiscreteScheduler', said: evenly },
  'LMS Karras': { className: 'LMSDiscreteScheduler', said: karras },
  'DPM++ 2M': { className: 'DPMSolverMultistepScheduler', said: { ...dpmSolver, ...evenly } },
  'DPM++ 2M Karras': { className: 'DPMSolverMultistepScheduler', said: { ...dpmSolver, ...karras } },
  'DPM++ 2M SDE': { className: 'DPMSolverMultistepScheduler', said: { ...dpmSolverSde, ...evenly } },
  'DPM++ 2M SDE Karras': { className: 'DPMSolverMultistepScheduler', said: { ...dpmSolverSde, ...karras } },
  'DPM++ 3M': { className: 'DPMSolverMultistepScheduler', said: { ...dpmSolver, ...evenly, solverOrder: 3 } },
  'DPM++ 3M Karras': {
    className: 'DPMSolverMultistepScheduler',
    said: { ...dpmSolver, ...karras, solverOrder: 3 },
  },
  'DPM++ 3M SDE': {
    className: 'DPMSolverMultistepScheduler',
    said: { ...dpmSolverSde, ...evenly, solverOrder: 3 },
  },
  'DPM++ 3M SDE Karras': {
    className: 'DPMSolverMultistepScheduler',
    said: { ...dpmSolverSde, ...karras, solverOrder: 3 },
  },
  'DPM++ 2S': { className: 'DPMSolverSinglestepScheduler', said: { ...dpmSolver, ...evenly } },
  'DPM++ 2S Karras': { className: 'DPMSolverSinglestepScheduler', said: { ...dpmSolver, ...karras } },
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
 * @throws InputError where that cannot run with this file and others can, CheckpointError where none can
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
  if (!isSchedulerClass(className))
    throw new SchedulerKeyError('_class_name', `is ${className}: Inlay lacks it`);
  const settings = settingsFor(className, loaded);
  return schedulerOf(
    className,
    file === 'corrected' ? { ...settings, stepsOffset: 1, skipPrkSteps: true } : settings,
  );
}

function namedScheduler(loaded: SchedulerConfig, name: SchedulerName): Scheduler {
  const { className, said } = named[name];
  return schedulerOf(className, settingsFor(className, loaded, said));
}

/** Which key with which value, why, and the schedulers that can run in its place. */
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

/** Keys that the file has are corrected in it; those that it lacks are not handed on to another class. */
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
