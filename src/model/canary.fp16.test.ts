/**
 * The canary on a real WebGPU device: Mesa's llvmpipe under Node, in both precisions. Its subgroups of 8 are what
 * flash attention is wrong with, and BiasSplitGelu's float16 shader does not compile anywhere.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { GraphTarget, Precision } from '../graph/types';
import { type NodeWebgpu, openNodeWebgpu } from '../testing/nodeWebgpu';
import { chooseAdapterSetup, runCanary } from './canary';
import { allChecks } from './canaryChecks';
import { relativeError } from './canaryMath';
import { ortCanaryRunner } from './ortCanary';

const found = await openNodeWebgpu();

describe.skipIf('skip' in found)('on llvmpipe', { timeout: 600_000 }, () => {
  let webgpu: NodeWebgpu;
  beforeAll(() => {
    if ('webgpu' in found) webgpu = found.webgpu;
  });

  it.each(['fp32', 'fp16'] as const)('takes no subgroups and the right forms in %s', async (precision) => {
    const failures: string[] = [];
    const setup = await chooseAdapterSetup(async (subgroups) => {
      const device = await webgpu.openDevice({ subgroups });
      try {
        const verdict = await runCanary(ortCanaryRunner(webgpu.ort, device), precision);
        failures.push(...verdict.failures.map((failure) => `${subgroups ? 'with' : 'without'}: ${failure}`));
        return verdict;
      } finally {
        device.destroy();
      }
    }, true);
    expect(setup, failures.join('; ')).toEqual({
      usable: true,
      subgroups: false,
      forms: { multiHeadAttention: true, groupNorm: true, biasSplitGelu: precision === 'fp32' },
    });
    expect(failures.some((failure) => /^with: attention.*fused.*wrong values/.test(failure))).toBe(true);
  });

  // Measured 2026-11: float32 at most 2e-5, float16 at most 1e-2.
  it.each([
    ['fp32', 'plain', 1e-4],
    ['fp32', 'fused', 1e-4],
    ['fp16', 'plain', 2e-2],
    ['fp16', 'fused', 2e-2],
  ] as const)('gives every layer within tolerance in %s, %s', async (precision, kind, tolerance) => {
    const device = await webgpu.openDevice({ subgroups: false });
    const runner = ortCanaryRunner(webgpu.ort, device);
    const errors: Record<string, number> = {};
    for (const check of allChecks()) {
      errors[check.name] = relativeError(
        await runner.run(check.build(targetOf(precision, kind === 'fused'))),
        check.expected(),
      );
    }
    device.destroy();
    console.info(precision, kind, errors);
    expect(Object.entries(errors).filter(([, error]) => !(error < tolerance))).toEqual([]);
  });
});

function targetOf(precision: Precision, fused: boolean): GraphTarget {
  return {
    provider: 'webgpu',
    precision,
    forms: {
      multiHeadAttention: fused,
      groupNorm: fused,
      // Its float16 shader does not compile.
      biasSplitGelu: fused && precision === 'fp32',
    },
  };
}
