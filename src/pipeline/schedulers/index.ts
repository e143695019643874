/**
 * The available schedulers: one row for each diffusers class, and one for each name in the settings. The tests compare the
 * classes' parameters with diffusers' own constructors.
 */
import type { SchedulerName } from '../../contract/schema';
import type { SchedulerTakes } from './config';
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
import type { SchedulerSettings } from './settings';

/** A diffusers class: what it takes from a file, and how it steps. */
export interface SchedulerMethod extends SchedulerTakes {
  new (settings: SchedulerSettings): Scheduler;
}

export const schedulerClasses = {
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
} as const satisfies Record<string, SchedulerMethod>;

export type SchedulerClass = keyof typeof schedulerClasses;

/** The noise level spacing that a name implies: like the timesteps, or Karras'. */
const evenly = {
  useKarrasSigmas: false,
  useExponentialSigmas: false,
  useBetaSigmas: false,
  useLuLambdas: false,
} as const;
const karras = { ...evenly, useKarrasSigmas: true } as const;
const dpmSolver = { algorithmType: 'dpmsolver++', solverOrder: 2 } as const;
const dpmSolverSde = { algorithmType: 'sde-dpmsolver++', solverOrder: 2 } as const;

/** What a name in the settings means: the diffusers class, and the settings that the name implies. */
interface NamedScheduler {
  className: SchedulerClass;
  said?: Partial<SchedulerSettings>;
}

export const named: Record<SchedulerName, NamedScheduler> = {
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
  'DPM++ 3M': {
    className: 'DPMSolverMultistepScheduler',
    said: { ...dpmSolver, ...evenly, solverOrder: 3 },
  },
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
