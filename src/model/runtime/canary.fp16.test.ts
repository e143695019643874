/**
 * The canary on a real WebGPU device: Mesa's llvmpipe under Node. Its subgroups of 8 are what flash attention is wrong
 * with, and BiasSplitGelu's float16 shader does not compile anywhere.
 */
import { describe, expect, it } from 'vitest';
import { openNodeWebgpu } from '../../../test/support/nodeWebgpu';
import { webgpuTarget } from '../../../test/support/webgpuGraph';
import { chooseAdapterSetup, runCanary } from './canary';
import { allChecks } from './canaryChecks';
import { relativeError } from './canaryMath';
import { ortCanaryRunner } from './ortCanary';

const found = await openNodeWebgpu();

describe.skipIf('skip' in found)('on llvmpipe', { timeout: 1_200_000 }, () => {
  it('takes no subgroups, and every fused form but the one that does not compile, in fp16', async () => {
    if ('skip' in found) return;
    const { ort, openDevice } = found.webgpu;
    const failures: string[] = [];
    const setup = await chooseAdapterSetup(async (subgroups, required) => {
      const device = await openDevice({ subgroups });
      const verdict = await runCanary(ortCanaryRunner(ort, device), 'fp16', required);
      failures.push(...verdict.failures.map((failure) => `${subgroups ? 'with' : 'without'}: ${failure}`));
      return verdict;
    }, true);
    console.info(failures);
    expect(setup, failures.join('; ')).toEqual({
      usable: true,
      subgroups: false,
      forms: { multiHeadAttention: true, groupNorm: true, biasSplitGelu: false },
    });
    expect(failures).toContainEqual(expect.stringMatching(/^with: attention.*fused.*wrong values/));
    expect(failures).toContainEqual(expect.stringMatching(/^without: GEGLU \(fused\) does not run/));
  });

  it.each(['fp16', 'fp32'] as const)('has wrong flash attention with subgroups in %s', async (precision) => {
    if ('skip' in found) return;
    const device = await found.webgpu.openDevice({ subgroups: true });
    const runner = ortCanaryRunner(found.webgpu.ort, device);
    const target = webgpuTarget(precision, true);
    const wrong: [string, number][] = [];
    for (const check of allChecks().filter(({ form }) => form === 'multiHeadAttention')) {
      const values = await runner.run(check.build(target));
      wrong.push([check.name, relativeError(values, check.expected())]);
    }
    console.info('with subgroups', precision, Object.fromEntries(wrong));
    expect(Math.max(...wrong.map(([, error]) => error))).toBeGreaterThan(0.1);
  });

  // Largest errors measured with Mesa 25.0.7: fp16 1.2e-2 and 5.9e-2, fp32 2.4e-6 and 6.9e-6.
  it.each([
    ['fp16', 'fused', 2e-2],
    ['fp16', 'plain', 0.1],
    ['fp32', 'fused', 1e-4],
    ['fp32', 'plain', 1e-4],
  ] as const)('gives every layer within tolerance in %s, %s', async (precision, kind, tolerance) => {
    if ('skip' in found) return;
    const device = await found.webgpu.openDevice({ subgroups: false });
    const runner = ortCanaryRunner(found.webgpu.ort, device);
    const target = webgpuTarget(precision, kind === 'fused');
    const errors = new Map<string, number>();
    for (const check of allChecks()) {
      errors.set(check.name, relativeError(await runner.run(check.build(target)), check.expected()));
    }
    console.info(precision, kind, Object.fromEntries(errors));
    expect([...errors].filter(([, error]) => !(error < tolerance))).toEqual([]);
  });
});
