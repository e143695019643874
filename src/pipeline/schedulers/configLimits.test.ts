import { expect, it } from 'vitest';
import { parseSchedulerConfig } from './config';
import { createScheduler } from './create';

it.each([
  ['num_train_timesteps', 1e7],
  ['num_train_timesteps', 1e12],
  ['original_inference_steps', 1e9],
  ['steps_offset', 1e12],
  ['steps_offset', -1e12],
  ['trained_betas', new Array<number>(200_000).fill(0.01)],
])('%s that no model has is refused at once, by its key', (key, value) => {
  const start = performance.now();
  const config = parseSchedulerConfig(JSON.stringify({ _class_name: 'LCMScheduler', [key]: value }));
  expect(() => createScheduler(config, undefined, 'as written')).toThrow(`scheduler_config.json: ${key} `);
  expect(performance.now() - start).toBeLessThan(1000);
});
