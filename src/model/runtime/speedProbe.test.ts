import { describe, expect, it } from 'vitest';
import { openNodeRuntime } from './ortNode';
import { climb, measureSpeed, probeOperations } from './speedProbe';

const sizes = { rows: 1, channels: 320 };

describe('probeOperations', () => {
  it('counts what the graph computes', () => {
    // 256 pixels; a 320 × 320 product over them is 2 · 256 · 320² = 52.4 million operations.
    const square = 52_428_800;
    // Two 3 × 3 convolutions are 18 of them, linear layers 20; the last convolution has 4 channels instead of 320.
    const squares = 18 * square + 20 * square + (9 * square * 4) / 320;
    // Keys and values of 77 words of 768 numbers; scores and sums over 256 pixels and 77 words.
    const words = 2 * 2 * 77 * 768 * 320;
    const attention = 4 * 256 * 320 * (256 + 77);
    expect(probeOperations(sizes, 16)).toBe(squares + words + attention);
  });
});

describe('climb', () => {
  it('stays at the first side where a run takes long enough, and takes the shorter run', async () => {
    const times = [900, 250, 200];
    const sides: number[] = [];
    const speed = await climb(sizes, async (side) => {
      sides.push(side);
      return times.shift() ?? Number.NaN;
    });
    expect(sides).toEqual([16, 16, 16]);
    expect(speed).toBe(probeOperations(sizes, 16) / 0.2);
  });

  it('goes on to the larger side on a fast device', async () => {
    const speed = await climb(sizes, async (side) => (side === 16 ? 1 : 5));
    expect(speed).toBe(probeOperations(sizes, 32) / 0.005);
  });

  it('stays finite where the clock is too coarse to see a run', async () => {
    expect(Number.isFinite(await climb(sizes, async () => 0))).toBe(true);
  });
});

it('measures ONNX Runtime itself, and leaves nothing loaded', async () => {
  const runtime = await openNodeRuntime(1);
  const speed = await measureSpeed(runtime, () => performance.now());
  // One core, whatever else it does, computes more than 0.1 and less than 1,000 billion operations a second.
  expect(speed).toBeGreaterThan(1e8);
  expect(speed).toBeLessThan(1e12);
  expect(runtime.loaded).toEqual([]);
}, 120_000);
