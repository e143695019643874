import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type SchedulerName, schedulerNames } from '../../engine/schema';
import { TorchGenerator } from '../random';
import { BrownianTree } from './brownianTree';
import { type SchedulerClass, settingsFor } from './config';
import { createScheduler, parseSchedulerConfig, type Scheduler, schedulerOf } from './index';
import { seedSequence } from './seedSequence';

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
  motion: { start: number; end: number; seed: number; points: number[]; increments: number[][] }[];
}
const golden = JSON.parse(readFileSync('goldens/values/schedulers.json', 'utf8')) as SchedulersGolden;

const classes: Record<string, SchedulerClass> = {
  DDIM: 'DDIMScheduler',
  PNDM: 'PNDMScheduler',
  Euler: 'EulerDiscreteScheduler',
  'Euler a': 'EulerAncestralDiscreteScheduler',
  'DPM++ 2M': 'DPMSolverMultistepScheduler',
  Heun: 'HeunDiscreteScheduler',
  LMS: 'LMSDiscreteScheduler',
  'DPM++ 2M SDE': 'DPMSolverMultistepScheduler',
  'DPM++ SDE': 'DPMSolverSDEScheduler',
  UniPC: 'UniPCMultistepScheduler',
  DEIS: 'DEISMultistepScheduler',
  LCM: 'LCMScheduler',
  TCD: 'TCDScheduler',
};
/** `noise_sampler_seed` of the script. */
const NOISE_SEED = 5;
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
  scheduler.setTimesteps(steps, NOISE_SEED);
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
    const prediction = model(scheduler.scaleModelInput?.(sample, index) ?? sample, timestep);
    sample = scheduler.step(prediction, index, sample, (n) => generator.randn(n));
    const recorded = expected.samples[index];
    if (recorded) expectClose(sample, recorded, `sample after step ${index}`);
  });
}

describe('schedulers', () => {
  for (const { scheduler, config, steps, ...expected } of golden.cases) {
    it(`${scheduler}, ${steps} steps, ${JSON.stringify(config)}`, () => {
      const className = classes[scheduler];
      if (!className) throw new Error(`the test does not know ${scheduler}`);
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
    const file = { _class_name: 'DPMSolverSinglestepScheduler' };
    expect(() => own(file)).toThrow(/DPMSolverSinglestepScheduler, is not supported yet; choose one of DDIM/);
    expect(own(file, 'DDIM')).toHaveLength(4);
  });
});

describe('the Brownian tree', () => {
  for (const { start, end, seed, points, increments } of golden.motion) {
    it(`from ${start} to ${end}, seed ${seed}`, () => {
      const tree = new BrownianTree(start, end, SIZE, seed);
      increments.forEach((expected, i) => {
        const [high, low] = [tree.at(points[i] ?? 0), tree.at(points[i + 1] ?? 0)];
        expectClose(
          high.map((value, k) => value - (low[k] ?? 0)),
          expected,
          `${points[i + 1]} to ${points[i]}`,
        );
      });
    });
  }

  it('gives the same values in whatever order it is asked', () => {
    const points = [9.5, 0.7, 3.25, 9.6, 0.0859375];
    const values = (order: readonly number[]) => {
      const tree = new BrownianTree(0.03, 14.6, SIZE, 1);
      return new Map(order.map((point) => [point, Array.from(tree.at(point))]));
    };
    const forwards = values(points);
    for (const [point, value] of values(points.toReversed())) expect(value).toEqual(forwards.get(point));
  });
});

describe('seedSequence', () => {
  // >>> numpy.random.SeedSequence(entropy=…, spawn_key=…, pool_size=24).generate_state(…)   (numpy 2.2.6)
  it('is numpy’s', () => {
    expect(Array.from(seedSequence(7, [], 24, 3))).toEqual([1376543887, 623213690, 436845524]);
    const spawned = [1871255777, 2879413523, 1352781655, 4038398907];
    expect(Array.from(seedSequence(2 ** 40 + 5, [3, 2], 24, 4))).toEqual(spawned);
  });
});

describe('a run', () => {
  const run = (name: SchedulerName, seed: number) => {
    const scheduler = createScheduler(parseSchedulerConfig('{"_class_name": "DDIMScheduler"}'), name);
    scheduler.setTimesteps(4, seed);
    const generator = new TorchGenerator(1);
    let sample = new Float32Array(SIZE).fill(1);
    scheduler.timesteps.forEach((timestep, index) => {
      const input = scheduler.scaleModelInput?.(sample, index) ?? sample;
      sample = Float32Array.from(
        scheduler.step(model(input, timestep), index, sample, (n) => generator.randn(n)),
      );
    });
    return { sample: Array.from(sample), scheduler };
  };

  it('of DPM++ SDE takes its noise from the seed', () => {
    expect(run('DPM++ SDE', 3).sample).toEqual(run('DPM++ SDE', 3).sample);
    expect(run('DPM++ SDE', 3).sample).not.toEqual(run('DPM++ SDE', 4).sample);
  });

  it('forgets the one before', () => {
    for (const name of schedulerNames) {
      const { scheduler, sample } = run(name, 3);
      scheduler.setTimesteps(4, 3);
      const generator = new TorchGenerator(1);
      let again = new Float32Array(SIZE).fill(1);
      scheduler.timesteps.forEach((timestep, index) => {
        const input = scheduler.scaleModelInput?.(again, index) ?? again;
        again = Float32Array.from(
          scheduler.step(model(input, timestep), index, again, (n) => generator.randn(n)),
        );
      });
      expect(Array.from(again), name).toEqual(sample);
    }
  });

  it('of a distilled model’s scheduler has no more steps than it was distilled on', () => {
    const scheduler = createScheduler(parseSchedulerConfig('{"_class_name": "LCMScheduler"}'));
    scheduler.setTimesteps(50);
    expect(scheduler.timesteps).toHaveLength(50);
    expect(() => scheduler.setTimesteps(51)).toThrow(/num_inference_steps: .* at most 50 steps, not 51/);
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
    const beta = '{"_class_name": "UniPCMultistepScheduler", "use_beta_sigmas": true}';
    expect(() => parseSchedulerConfig(beta)).toThrow(/use_beta_sigmas/);
    const predictor = '{"_class_name": "UniPCMultistepScheduler", "solver_p": {}}';
    expect(() => parseSchedulerConfig(predictor)).toThrow(/solver_p/);
  });

  it('may not ask for two kinds of noise levels, nor for what a class cannot do', () => {
    const start = (file: Record<string, unknown>) => () =>
      createScheduler(parseSchedulerConfig(JSON.stringify(file))).setTimesteps(4);
    const both = { use_karras_sigmas: true, use_exponential_sigmas: true };
    expect(start({ _class_name: 'HeunDiscreteScheduler', ...both })).toThrow(/exclude each other/);
    expect(start({ _class_name: 'UniPCMultistepScheduler', ...both })).toThrow(/exclude each other/);
    const sde = { _class_name: 'DEISMultistepScheduler', algorithm_type: 'sde-dpmsolver++' };
    expect(start(sde)).toThrow(/algorithm_type "sde-dpmsolver\+\+"/);
    const sample = { _class_name: 'DPMSolverSDEScheduler', prediction_type: 'sample' };
    expect(start(sample)).toThrow(/prediction_type "sample"/);
    const steps = { _class_name: 'LCMScheduler', original_inference_steps: 2000 };
    expect(start(steps)).toThrow(/original_inference_steps/);
  });
});
