import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TorchGenerator } from './random';

// Made by `python tools/goldens/noise.py` (torch 2.9.1, CPU). Exact: not one bit may differ.
interface NoiseGolden {
  runs: { seed: number; calls: { n: number; sha256: string; first: number[] }[] }[];
}
const golden = JSON.parse(readFileSync('goldens/values/noise.json', 'utf8')) as NoiseGolden;

const sha256 = (values: Float32Array) =>
  createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');

describe('TorchGenerator', () => {
  for (const { seed, calls } of golden.runs) {
    it(`gives torch's values for seed ${seed}, calls of ${calls.map((call) => call.n).join(', ')}`, () => {
      const generator = new TorchGenerator(seed);
      for (const { n, sha256: expected, first } of calls) {
        const values = generator.randn(n);
        expect([...values.slice(0, 4)], `first of ${n}`).toEqual(first);
        expect(sha256(values), `all of ${n}`).toBe(expected);
      }
    });
  }
});
