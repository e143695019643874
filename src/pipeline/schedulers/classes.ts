/**
 * The scheduler classes of diffusers that Inlay has, and what their constructors take: a key that a class does not take
 * has no effect on it, whatever a file says. The tests hold this table against diffusers' own signatures.
 */
import type { SchedulerSettings } from './settings';

/** What a file may say; η is an argument of diffusers' `step`. */
export type FileSettings = Omit<SchedulerSettings, 'eta'>;

/** A class's parameters with their defaults; undefined where diffusers has None. */
type Parameters = { readonly [Key in keyof FileSettings]?: FileSettings[Key] | undefined };

const betas = {
  numTrainTimesteps: 1000,
  betaStart: 0.0001,
  betaEnd: 0.02,
  betaSchedule: 'linear',
  trainedBetas: undefined,
  predictionType: 'epsilon',
} as const satisfies Parameters;
const latentDiffusionBetas = { ...betas, betaStart: 0.00085, betaEnd: 0.012 } as const;
const spacing = { timestepSpacing: 'linspace', stepsOffset: 0 } as const satisfies Parameters;
const leading = { timestepSpacing: 'leading', stepsOffset: 0 } as const satisfies Parameters;
const clipping = { clipSample: true, clipSampleRange: 1 } as const satisfies Parameters;
const thresholds = {
  thresholding: false,
  dynamicThresholdingRatio: 0.995,
  sampleMaxValue: 1,
} as const satisfies Parameters;
const shapes = {
  useKarrasSigmas: false,
  useExponentialSigmas: false,
  useBetaSigmas: false,
  // Only Euler's constructor names these two, but every class that shapes its noise levels looks for them.
  sigmaMin: undefined,
  sigmaMax: undefined,
} as const satisfies Parameters;
const zeroSnr = { rescaleBetasZeroSnr: false } as const satisfies Parameters;
const solver = {
  ...betas,
  ...shapes,
  ...thresholds,
  solverOrder: 2,
  useFlowSigmas: false,
} as const satisfies Parameters;
const dpmSolver = {
  ...solver,
  algorithmType: 'dpmsolver++',
  solverType: 'midpoint',
  finalSigmasType: 'zero',
  lambdaMinClipped: undefined,
  varianceType: undefined,
} as const satisfies Parameters;
const consistency = {
  ...latentDiffusionBetas,
  ...leading,
  ...clipping,
  ...thresholds,
  ...zeroSnr,
  betaSchedule: 'scaled_linear',
  originalInferenceSteps: 50,
  clipSample: false,
  setAlphaToOne: true,
  timestepScaling: 10,
} as const satisfies Parameters;

export const schedulerClasses = {
  DDIMScheduler: { ...betas, ...leading, ...clipping, ...thresholds, ...zeroSnr, setAlphaToOne: true },
  DDPMScheduler: {
    ...betas,
    ...leading,
    ...clipping,
    ...thresholds,
    ...zeroSnr,
    varianceType: 'fixed_small',
  },
  PNDMScheduler: { ...betas, ...leading, skipPrkSteps: false, setAlphaToOne: false },
  EulerDiscreteScheduler: {
    ...betas,
    ...spacing,
    ...shapes,
    ...zeroSnr,
    interpolationType: 'linear',
    timestepType: 'discrete',
    finalSigmasType: 'zero',
  },
  EulerAncestralDiscreteScheduler: { ...betas, ...spacing, ...zeroSnr },
  HeunDiscreteScheduler: {
    ...latentDiffusionBetas,
    ...spacing,
    ...shapes,
    ...clipping,
    clipSample: false,
  },
  KDPM2DiscreteScheduler: { ...latentDiffusionBetas, ...spacing, ...shapes },
  KDPM2AncestralDiscreteScheduler: { ...latentDiffusionBetas, ...spacing, ...shapes },
  LMSDiscreteScheduler: { ...betas, ...spacing, ...shapes },
  DPMSolverMultistepScheduler: {
    ...dpmSolver,
    ...spacing,
    ...zeroSnr,
    lowerOrderFinal: true,
    eulerAtFinal: false,
    useLuLambdas: false,
  },
  DPMSolverSinglestepScheduler: { ...dpmSolver, lowerOrderFinal: false },
  DPMSolverSDEScheduler: {
    ...latentDiffusionBetas,
    ...spacing,
    ...shapes,
    noiseSamplerSeed: undefined,
  },
  DEISMultistepScheduler: {
    ...solver,
    ...spacing,
    algorithmType: 'deis',
    solverType: 'logrho',
    lowerOrderFinal: true,
  },
  UniPCMultistepScheduler: {
    ...solver,
    ...spacing,
    ...zeroSnr,
    predictX0: true,
    solverType: 'bh2',
    lowerOrderFinal: true,
    disableCorrector: [],
    solverP: undefined,
    finalSigmasType: 'zero',
  },
  LCMScheduler: consistency,
  TCDScheduler: consistency,
} as const satisfies Record<string, Parameters>;

export type SchedulerClass = keyof typeof schedulerClasses;

export function isSchedulerClass(name: string): name is SchedulerClass {
  return Object.hasOwn(schedulerClasses, name);
}

/** What a class without the parameter has: the value that changes nothing. */
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
