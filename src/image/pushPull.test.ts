import { expect, it } from 'vitest';
import { createSamples, pushPull } from './pushPull';

it('keeps what is known and carries it to where nothing is', () => {
  const samples = createSamples({ width: 4, height: 1 });
  samples.values.set([10, 20, 30]);
  samples.weights[0] = 1;
  pushPull(samples, 0);
  // One value: the coarser levels hold nothing else.
  expect([...samples.values]).toEqual([10, 20, 30, 10, 20, 30, 10, 20, 30, 10, 20, 30]);
});

it('weighs what is half known against what lies around it', () => {
  const samples = createSamples({ width: 2, height: 1 });
  samples.values.set([40, 40, 40, 80, 80, 80]);
  samples.weights.set([1, 0.5]);
  pushPull(samples, 0);
  // The coarse cell: (1 · 40 + 0.5 · 80) / 1.5 = 53⅓; the second cell: 0.5 · 80 + 0.5 · 53⅓ = 66⅔.
  expect(samples.values[0]).toBe(40);
  expect(samples.values[3]).toBeCloseTo(66.667, 3);
});

it('falls back to what counts beyond as far as the whole is not known', () => {
  const samples = createSamples({ width: 1, height: 1 });
  samples.values.fill(100);
  samples.weights[0] = 0.25;
  pushPull(samples, 20);
  expect([...samples.values]).toEqual([40, 40, 40]);
  const nothing = createSamples({ width: 3, height: 5 });
  pushPull(nothing, 128);
  expect(nothing.values.every((value) => value === 128)).toBe(true);
});
