import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CheckpointError, InputError } from '../../contract/errors';
import { type SchedulerName, schedulerNames } from '../../contract/schema';
import { BrownianTree } from '../noise/brownianTree';
import { TorchGenerator } from '../noise/random';
import { seedSequence } from '../noise/seedSequence';
import { parseSchedulerConfig, settingsFor, snakeCase } from './config';
import { createScheduler } from './create';
import { type SchedulerClass, schedulerClasses } from './index';
import type { Scheduler } from './scheduler';

// Made by `python tools/goldens/schedulers.py` (diffusers 0.36.0). Tolerance: 1e-5, relative above 1.
interface Run {
  timesteps: number[];
  initNoiseSigma: number;
  noised: number[];
  samples: Record<string, number[]>;
}
interface SchedulersGolden {
  files: Record<string, Record<string, unknown>>;
  constructors: Record<string, Record<string, unknown>>;
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
  DDPM: 'DDPMScheduler',
  DPM2: 'KDPM2DiscreteScheduler',
  'DPM2 a': 'KDPM2AncestralDiscreteScheduler',
  'DPM++ 2S': 'DPMSolverSinglestepScheduler',
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
      const Class = schedulerClasses[className];
      replay(new Class(settingsFor(Class, parsed)), steps, expected);
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
    // from_config passes on only what the file says.
    expect(own({ _class_name: 'DDIMScheduler', steps_offset: 0 }, 'DDIM')).toEqual([751, 501, 251, 1]);
    expect(own({ _class_name: 'DDIMScheduler' }, 'DDIM')).toEqual([750, 500, 250, 0]);
  });

  it('skips the Runge-Kutta steps of PNDM', () => {
    expect(own({ _class_name: 'PNDMScheduler', skip_prk_steps: false })).toEqual([751, 501, 501, 251, 1]);
  });

  it('names a class that it lacks, and takes another in its place', () => {
    const file = { _class_name: 'EDMEulerScheduler' };
    expect(() => own(file)).toThrow(
      /^scheduler: this model's own scheduler cannot run .*EDMEulerScheduler.*; choose one of DDIM, DDPM, PNDM/,
    );
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

describe('what a class takes', () => {
  /** Present in diffusers' constructors, but without effect on any image from these pipelines. */
  const unread = ['flow_shift', 'use_dynamic_shifting', 'time_shift_type'];
  /** Only in Euler's constructor, yet read wherever noise levels are shaped. */
  const foundUnasked = ['sigma_min', 'sigma_max'];

  it.each(Object.keys(schedulerClasses) as SchedulerClass[])(
    '%s: what diffusers’ constructor takes',
    (className) => {
      const ours = Object.entries(schedulerClasses[className].parameters)
        .map(([name, value]): [string, unknown] => [snakeCase(name), value ?? null])
        .filter(([key]) => className === 'EulerDiscreteScheduler' || !foundUnasked.includes(key));
      const theirs = Object.entries(golden.constructors[className] ?? {}).filter(
        ([key]) => !unread.includes(key),
      );
      expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs));
    },
  );
});

describe('scheduler_config.json', () => {
  const create = (file: Record<string, unknown>, name?: SchedulerName) =>
    createScheduler(parseSchedulerConfig(JSON.stringify(file)), name);

  it('may hold the infinity that Python writes', () => {
    const text =
      '{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "solver_order": 2}';
    expect(createScheduler(parseSchedulerConfig(text))).toBeDefined();
  });

  it('is JSON that names a class', () => {
    expect(() => parseSchedulerConfig('{"_class_name":')).toThrow(/not JSON/);
    expect(() => parseSchedulerConfig('{"num_train_timesteps": 1000}')).toThrow(/names no scheduler/);
    expect(() => parseSchedulerConfig('[]')).toThrow(CheckpointError);
  });

  // Keys with values that some class cannot use, in files of classes that do not take them.
  it.each<[SchedulerClass, string, unknown]>([
    ['EulerDiscreteScheduler', 'variance_type', 'fixed_small'],
    ['DDIMScheduler', 'variance_type', 'learned'],
    ['DPMSolverMultistepScheduler', 'variance_type', 'fixed_small'],
    ['EulerDiscreteScheduler', 'thresholding', 'yes'],
    ['DDIMScheduler', 'use_beta_sigmas', true],
    ['EulerAncestralDiscreteScheduler', 'use_lu_lambdas', 'yes'],
    ['HeunDiscreteScheduler', 'use_flow_sigmas', true],
    ['PNDMScheduler', 'timestep_type', 'unknown'],
    ['UniPCMultistepScheduler', 'lambda_min_clipped', 'low'],
    ['DPMSolverMultistepScheduler', 'solver_p', {}],
    ['LMSDiscreteScheduler', 'solver_order', 9],
    ['LCMScheduler', 'algorithm_type', 'edm'],
    ['DPMSolverSinglestepScheduler', 'timestep_spacing', 'uneven'],
  ])('%s does not heed %s %j', (className, key, value) => {
    const replayed = (file: Record<string, unknown>) => {
      const scheduler = create(file);
      scheduler.setTimesteps(4);
      return scheduler.timesteps;
    };
    const file = { _class_name: className, beta_schedule: 'scaled_linear' };
    expect(replayed({ ...file, [key]: value })).toEqual(replayed(file));
  });

  // The same keys in files of classes that take them.
  it.each<[SchedulerClass, string, unknown, string]>([
    ['DDPMScheduler', 'variance_type', 'learned_range', 'is "learned_range": Inlay knows fixed_small'],
    ['DDPMScheduler', 'variance_type', 'fixed_large_log', 'is "fixed_large_log": Inlay knows'],
    [
      'DPMSolverMultistepScheduler',
      'variance_type',
      'learned',
      'is "learned": Inlay runs no models that learned',
    ],
    ['DDIMScheduler', 'thresholding', 'yes', 'is "yes"'],
    ['UniPCMultistepScheduler', 'use_beta_sigmas', true, 'is true: Inlay has no beta sigmas'],
    [
      'DPMSolverMultistepScheduler',
      'use_flow_sigmas',
      true,
      'is true: Inlay runs no models of flow matching',
    ],
    ['EulerDiscreteScheduler', 'timestep_type', 'unknown', 'is "unknown": Inlay knows discrete, continuous'],
    ['DPMSolverMultistepScheduler', 'lambda_min_clipped', 'low', 'is "low"'],
    ['UniPCMultistepScheduler', 'solver_p', {}, 'is {}'],
    ['DPMSolverMultistepScheduler', 'solver_order', 9, 'is 9: Inlay knows 1, 2 and 3'],
    [
      'DPMSolverSinglestepScheduler',
      'algorithm_type',
      'sde-dpmsolver',
      'is "sde-dpmsolver": Inlay knows dpmsolver,',
    ],
    ['DEISMultistepScheduler', 'algorithm_type', 'sde-dpmsolver++', 'is "sde-dpmsolver++": Inlay knows deis'],
    ['DDIMScheduler', 'beta_schedule', 'sigmoid', 'is "sigmoid": Inlay knows linear'],
    ['DPMSolverSDEScheduler', 'prediction_type', 'sample', 'is "sample", which DPM++ SDE does not know'],
    ['KDPM2DiscreteScheduler', 'prediction_type', 'sample', 'is "sample", which DPM2 does not know'],
    ['LCMScheduler', 'original_inference_steps', 2000, 'is 2000, more than num_train_timesteps'],
  ])(
    '%s says which key with which value it cannot use, and what to choose: %s %j',
    (className, key, value, reason) => {
      const run = () => create({ _class_name: className, [key]: value });
      expect(run).not.toThrow(/Invalid|expected/); // zod's words
      expect(run).toThrow(InputError);
      expect(run).toThrow(
        `scheduler: this model's own scheduler cannot run (scheduler_config.json: ${key} ${reason}`,
      );
      // Every scheduler that it names does run.
      const message = messageOf(run);
      const offered = message.replace(/.*choose one of /, '').split(', ');
      expect(offered.length).toBeGreaterThan(0);
      for (const name of offered) {
        expect(
          () => create({ _class_name: className, [key]: value }, name as SchedulerName),
          name,
        ).not.toThrow();
      }
    },
  );

  it('names the scheduler that was chosen where it heeds the key', () => {
    const file = { _class_name: 'DDIMScheduler', use_flow_sigmas: true };
    expect(() => create(file, 'UniPC')).toThrow(
      /^scheduler: with this model, UniPC cannot run .*; choose one of DDIM/,
    );
    expect(() => create(file, 'Euler')).not.toThrow();
  });

  it('asks for another model where no scheduler can run', () => {
    const flow = () => create({ _class_name: 'EulerDiscreteScheduler', prediction_type: 'flow_prediction' });
    expect(flow).toThrow(CheckpointError);
    expect(flow).toThrow(/prediction_type is "flow_prediction": Inlay knows epsilon.*; choose another model/);
    const betas = () => create({ _class_name: 'DDIMScheduler', trained_betas: [0.1, 0.2] });
    expect(betas).toThrow(/trained_betas has 2 values for a num_train_timesteps of 1000/);
  });

  it('is not asked what the name of a scheduler says', () => {
    const file = { _class_name: 'UniPCMultistepScheduler', use_beta_sigmas: true, solver_order: 9 };
    expect(() => create(file)).toThrow(/use_beta_sigmas|solver_order/);
    expect(() => create(file, 'DPM++ 2M Karras')).not.toThrow();
  });

  it('may not ask for two kinds of noise levels', () => {
    const both = { use_karras_sigmas: true, use_exponential_sigmas: true };
    expect(() => create({ _class_name: 'HeunDiscreteScheduler', ...both })).toThrow(/exclude each other/);
    expect(() => create({ _class_name: 'UniPCMultistepScheduler', ...both })).toThrow(/exclude each other/);
    expect(() => create({ _class_name: 'EulerAncestralDiscreteScheduler', ...both })).not.toThrow();
  });

  it('lets plain DPM-Solver end at the lowest trained level, as files from before the key mean', () => {
    const plain = { _class_name: 'DPMSolverMultistepScheduler', algorithm_type: 'dpmsolver' };
    const end = (file: Record<string, unknown>) => {
      const scheduler = create(file);
      scheduler.setTimesteps(3);
      return scheduler.step(new Float32Array([1]), 2, new Float32Array([1]), () => new Float32Array(1));
    };
    expect(end(plain)).toEqual(end({ ...plain, final_sigmas_type: 'sigma_min' }));
    expect(() => create({ ...plain, final_sigmas_type: 'zero' })).toThrow(
      /final_sigmas_type is "zero", which dpmsolver/,
    );
  });

  it('makes no more steps than DDPM was trained with', () => {
    const short = create({ _class_name: 'DDPMScheduler', num_train_timesteps: 10 });
    expect(() => short.setTimesteps(11)).toThrow(
      /num_inference_steps: this scheduler makes at most 10 steps, not 11/,
    );
  });

  function messageOf(run: () => unknown): string {
    try {
      run();
    } catch (error) {
      return String(error);
    }
    return '';
  }
});
