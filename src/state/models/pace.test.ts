import { expect, it } from 'vitest';
import { about, createPace } from './pace';

const sd15 = { family: 'sd1', steps: 30, guidance: 7.5, pixels: 512 * 512 } as const;

it('tells no time before anything was measured, and remembers what was', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  const pace = createPace(storage);
  expect(pace.downloadSeconds(1e9)).toBeNull();
  expect(pace.pictureSeconds(sd15)).toBeNull();
  pace.downloaded(10e6);
  // 30 steps and the work around them, twice each for guidance: 64 evaluations.
  pace.painted(sd15, 64);
  const later = createPace(storage);
  expect(later.downloadSeconds(2e9)).toBe(200);
  expect(later.pictureSeconds(sd15)).toBe(64);
  expect(later.pictureSeconds({ ...sd15, steps: 4, guidance: 0 })).toBe(6);
  // SDXL at its own size: four times the pixels, 2.2 times the work for each.
  expect(later.pictureSeconds({ ...sd15, family: 'sdxl', pixels: 1024 * 1024 })).toBeCloseTo(64 * 8.8);
});

it('tells a time from the measured device until a run says it better, and forgets both on another device', () => {
  const pace = createPace(undefined);
  pace.runsOn('webgpu fp16');
  // 804 billion operations an evaluation, 64 evaluations an image.
  pace.measured(8.04e12);
  expect(pace.basis()).toBe('measurement');
  expect(pace.pictureSeconds(sd15)).toBeCloseTo(6.4);
  pace.painted(sd15, 8);
  expect(pace.basis()).toBe('run');
  expect(pace.pictureSeconds(sd15)).toBe(8);
  pace.runsOn('webgpu fp16');
  expect(pace.basis()).toBe('run');
  pace.downloaded(10e6);
  pace.runsOn('wasm fp32 2');
  expect(pace.basis()).toBeNull();
  expect(pace.pictureSeconds(sd15)).toBeNull();
  expect(pace.downloadSeconds(1e9)).toBe(100);
});

it('takes nothing that is damaged for a pace', () => {
  const pace = createPace({ getItem: () => '{"bytesPerSecond":-3}', setItem() {} });
  expect(pace.downloadSeconds(1e9)).toBeNull();
  pace.downloaded(0);
  expect(pace.downloadSeconds(1e9)).toBeNull();
});

it('is no more exact than it is known', () => {
  expect([2, 42, 200, 1380, 5400, 9000].map(about)).toEqual([
    'about 5 s',
    'about 40 s',
    'about 3 minutes',
    'about 25 minutes',
    'about 2 hours',
    'about 3 hours',
  ]);
});
