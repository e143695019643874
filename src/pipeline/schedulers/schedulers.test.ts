import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type SchedulerName, schedulerNames } from '../../engine/schema';
import { TorchGenerator } from '../random';
import { type SchedulerClass, settingsFor } from './config';
import { createScheduler, parseSchedulerConfig, type Scheduler, schedulerOf } from './index';

// Made by `python tools/goldens/schedulers.py` (diffusers 0.36.0). Tolerance: 1e-5, relative above 1.
interface Run {
  timesteps: number[];
  initNoiseSigma: number;
  noised: number[];
  samples: Record<string, number[]>;
}
interface SchedulersGolden {
  files: Record<string, Record<string, unknown>>;
  cases: (Run & { scheduler: string; config: Record<string, unknown>; steps: number })[];
  converted: (Run & { file: string; scheduler: string; steps: number })[];
}
const golden = JSON.parse(readFileSync('goldens/values/schedulers.json', 'utf8')) as SchedulersGolden;

const classes: Record<string, SchedulerClass> = {
  DDIM: 'DDIMScheduler',
  PNDM: 'PNDMScheduler',
  Euler: 'EulerDiscreteScheduler',
  'Euler a': 'EulerAncestralDiscreteScheduler',
  'DPM++ 2M': 'DPMSolverMultistepScheduler',
};
const SIZE = 16;
const TOLERANCE = 1e-5;

function expectClose(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const largest = Math.max(1, ...expected.map(Math.abs));
  const worst = expected.reduce(
    (error, value, i) => Math.max(error, Math.abs((actual[i] ?? Number.NaN) - value) / largest),
    0,
  );
  expect(worst, `${what}: ${Array.from(actual)} for ${expected}`).toBeLessThan(TOLERANCE);
}

/** The script's stand-in for a UNet. */
function model(sample: Float32Array, timestep: number): Float32Array {
  return sample.map((x, i) => 0.4 * x + (0.1 + timestep / 4000) * (((i * 7) % 16) / 8 - 1));
}

function replay(scheduler: Scheduler, steps: number, expected: Run): void {
  scheduler.setTimesteps(steps);
  const { timesteps } = scheduler;
  expectClose(timesteps, expected.timesteps, 'timesteps');
  expectClose([scheduler.initNoiseSigma], [expected.initNoiseSigma], 'initNoiseSigma');

  const middle = Math.floor(timesteps.length / 2);
  const original = Float32Array.from({ length: SIZE }, (_, i) => (i % 5) / 4 - 0.5);
  const noise = new TorchGenerator(4).randn(SIZE);
  expectClose(scheduler.addNoise(original, noise, middle), expected.noised, 'noised');

  const generator = new TorchGenerator(3);
  let sample: Float32Array = generator.randn(SIZE).map((value) => value * scheduler.initNoiseSigma);
  timesteps.forEach((timestep, index) => {
    const prediction = model(scheduler.scaleModelInput(sample, index), timestep);
    sample = scheduler.step(prediction, index, sample, (n) => generator.randn(n));
    const recorded = expected.samples[index];
    if (recorded) expectClose(sample, recorded, `sample after step ${index}`);
  });
}

describe('schedulers', () => {
  for (const { scheduler, config, steps, ...expected } of golden.cases) {
    it(`${scheduler}, ${steps} steps, ${JSON.stringify(config)}`, () => {
      const className = classes[scheduler] ?? 'DDIMScheduler';
      const parsed = parseSchedulerConfig(JSON.stringify({ _class_name: className, ...config }));
      replay(schedulerOf(className, settingsFor(className, parsed)), steps, expected);
    });
  }
});

describe('a scheduler chosen for a checkpoint', () => {
  for (const { file, scheduler, steps, ...expected } of golden.converted) {
    it(`${scheduler} from the ${file} file`, () => {
      const name = schedulerNames.find((known) => known === scheduler);
      const config = parseSchedulerConfig(JSON.stringify(golden.files[file]));
      replay(createScheduler(config, name), steps, expected);
    });
  }
});

describe('the checkpoint’s own scheduler', () => {
  const own = (file: Record<string, unknown>, name?: SchedulerName) => {
    const scheduler = createScheduler(parseSchedulerConfig(JSON.stringify(file)), name);
    scheduler.setTimesteps(4);
    return scheduler.timesteps;
  };

  it('gets steps_offset 1 as the pipeline sets it on loading, said or not', () => {
    expect(own({ _class_name: 'DDIMScheduler', steps_offset: 0 })).toEqual([751, 501, 251, 1]);
    expect(own({ _class_name: 'DDIMScheduler' })).toEqual([751, 501, 251, 1]);
    // from_config hands on only what the file says.
    expect(own({ _class_name: 'DDIMScheduler', steps_offset: 0 }, 'DDIM')).toEqual([751, 501, 251, 1]);
    expect(own({ _class_name: 'DDIMScheduler' }, 'DDIM')).toEqual([750, 500, 250, 0]);
  });

  it('skips the Runge-Kutta steps of PNDM', () => {
    expect(own({ _class_name: 'PNDMScheduler', skip_prk_steps: false })).toEqual([751, 501, 501, 251, 1]);
  });

  it('names a class that it lacks, and takes another in its place', () => {
    const file = { _class_name: 'HeunDiscreteScheduler' };
    expect(() => own(file)).toThrow(/HeunDiscreteScheduler, is not supported yet; choose one of DDIM/);
    expect(own(file, 'DDIM')).toHaveLength(4);
  });
});

describe('scheduler_config.json', () => {
  it('may hold the infinity that Python writes', () => {
    const text =
      '{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "solver_order": 2}';
    expect(parseSchedulerConfig(text).given).toEqual({ solverOrder: 2 });
  });

  it('may not ask for what is not implemented', () => {
    const text = '{"_class_name": "DDIMScheduler", "thresholding": true}';
    expect(() => parseSchedulerConfig(text)).toThrow(/thresholding/);
    expect(() => parseSchedulerConfig('{"_class_name":')).toThrow(/not JSON/);
  });
});
