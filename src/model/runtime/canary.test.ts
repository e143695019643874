import { describe, expect, it } from 'vitest';
import {
  type AdapterSetup,
  type CanaryRunner,
  type CanaryVerdict,
  chooseAdapterSetup,
  rememberedSetup,
  runCanary,
  type VerdictStore,
} from './canary';
import { allChecks, type CheckGraph } from './canaryChecks';
import { attentionRows, errorFunction, exactValues, groupNormValues, relativeError } from './canaryMath';

const pending = new Promise<string>(() => {});
const all = { multiHeadAttention: true, groupNorm: true, biasSplitGelu: true };

/** A device that computes correctly except where `wrong` says otherwise; it recognizes fused forms by their operators. */
function fakeRunner(answer: (name: string, fused: boolean) => 'right' | 'wrong' | 'fails'): CanaryRunner {
  const checks = allChecks().map((check) => ({ check, expected: check.expected() }));
  const sameFeeds = (a: CheckGraph['feeds'], b: CheckGraph['feeds']) =>
    JSON.stringify(Object.entries(a).map(([name, { dims }]) => [name, dims])) ===
    JSON.stringify(Object.entries(b).map(([name, { dims }]) => [name, dims]));
  return {
    lost: pending,
    run: async (graph) => {
      const text = new TextDecoder('latin1').decode(graph.graph.bytes);
      const fused = /MultiHeadAttention|GroupNorm|BiasSplitGelu/.test(text);
      const causal = text.includes('unidirectional') ? /, causal$/ : /./;
      const known = checks.filter(({ check }) =>
        sameFeeds(check.build({ provider: 'webgpu', precision: 'fp32', forms: all }).feeds, graph.feeds),
      );
      const match = known.find(({ check }) => causal.test(check.name)) ?? known[0];
      if (match === undefined) throw new Error('unknown graph');
      const kind = answer(match.check.name, fused);
      if (kind === 'fails') throw new Error('Invalid ShaderModule');
      return kind === 'right' ? match.expected : match.expected.map((value) => value * 1.5 + 1);
    },
  };
}

describe('runCanary', () => {
  it('uses every form where all are right', async () => {
    const verdict = await runCanary(
      fakeRunner(() => 'right'),
      'fp32',
    );
    expect(verdict).toEqual({ usable: true, forms: all, failures: [] });
  });

  it('drops a form that is wrong and one that does not compile, when their plain forms are right', async () => {
    const verdict = await runCanary(
      fakeRunner((name, fused) => {
        if (!fused) return 'right';
        if (name === 'GEGLU') return 'fails';
        return name.startsWith('group norm of 320') ? 'wrong' : 'right';
      }),
      'fp32',
    );
    expect(verdict).toMatchObject({
      usable: true,
      forms: { multiHeadAttention: true, groupNorm: false, biasSplitGelu: false },
    });
    expect(verdict.failures).toEqual([
      'group norm of 320 channels with SiLU (fused) gives wrong values',
      'GEGLU (fused) does not run: Invalid ShaderModule',
    ]);
  });

  it('calls an adapter unusable where a layer with one form, or a plain form, is wrong', async () => {
    const convolution = await runCanary(
      fakeRunner((name) => (name === 'convolution of 9 channels' ? 'wrong' : 'right')),
      'fp32',
    );
    expect(convolution).toEqual({
      usable: false,
      failures: ['convolution of 9 channels gives wrong values'],
    });
    const geglu = await runCanary(
      fakeRunner((name) => (name === 'GEGLU' ? 'wrong' : 'right')),
      'fp32',
    );
    expect(geglu).toMatchObject({ usable: false });
    expect(geglu.failures.at(-1)).toBe('GEGLU (plain) gives wrong values');
  });

  it('ends at the first failure of a form that the caller requires', async () => {
    const runner = fakeRunner((name, fused) => (fused && name.startsWith('attention') ? 'wrong' : 'right'));
    const verdict = await runCanary(runner, 'fp32', ['multiHeadAttention']);
    expect(verdict).toMatchObject({ usable: false });
    expect(verdict.failures).toHaveLength(1);
    expect(await runCanary(runner, 'fp32')).toMatchObject({
      usable: true,
      forms: { multiHeadAttention: false },
    });
  });

  it('reports a lost device as such, whether its runs hang or fail', async () => {
    const lost = Promise.resolve('driver reset');
    const hangs: CanaryRunner = { lost, run: () => new Promise(() => {}) };
    const fails: CanaryRunner = { lost, run: () => Promise.reject(new Error('device is lost')) };
    for (const runner of [hangs, fails]) {
      const canary = runCanary(runner, 'fp16');
      await expect(canary).rejects.toMatchObject({ name: 'DeviceLostError', message: /driver reset/ });
    }
  });
});

describe('chooseAdapterSetup', () => {
  const good: CanaryVerdict = { usable: true, forms: all, failures: [] };
  const plain = { ...all, multiHeadAttention: false };
  const noFlash: CanaryVerdict = { usable: true, forms: plain, failures: ['attention'] };
  const bad: CanaryVerdict = { usable: false, failures: ['linear gives wrong values'] };

  it.each([
    ['right with subgroups', good, good, { usable: true, subgroups: true, forms: all }],
    ['plain attention only with subgroups', noFlash, good, { usable: true, subgroups: false, forms: all }],
    ['wrong with subgroups', bad, good, { usable: true, subgroups: false, forms: all }],
    ['wrong flash attention either way', bad, noFlash, { usable: true, subgroups: false, forms: plain }],
  ] as const)('%s', async (_name, withSubgroups, without, expected) => {
    const setup = await chooseAdapterSetup(async (subgroups, required) => {
      expect(required.includes('multiHeadAttention')).toBe(subgroups);
      return subgroups ? withSubgroups : without;
    }, true);
    expect(setup).toEqual(expected);
  });

  it('tries no subgroups where the adapter has none, and says why an adapter is unusable', async () => {
    const tried: boolean[] = [];
    const setup = await chooseAdapterSetup(async (subgroups) => {
      tried.push(subgroups);
      return bad;
    }, false);
    expect(tried).toEqual([false]);
    expect(setup).toEqual({
      usable: false,
      reason: 'this GPU computes wrongly (linear gives wrong values)',
    });
  });
});

describe('rememberedSetup', () => {
  const subject = {
    adapter: { vendor: 'v', architecture: 'a', device: 'd', description: 'x' },
    precision: 'fp16',
    ortVersion: '1',
    browser: 'b',
  } as const;
  const setup: AdapterSetup = { usable: true, subgroups: false, forms: all };

  it('asks once per adapter, precision, version and browser', async () => {
    const kept = new Map<string, string>();
    const store: VerdictStore = {
      get: async (key) => kept.get(key),
      set: async (key, value) => void kept.set(key, value),
    };
    let asked = 0;
    const choose = async () => {
      asked++;
      return setup;
    };
    await rememberedSetup(store, subject, choose);
    expect(await rememberedSetup(store, subject, choose)).toEqual(setup);
    expect(asked).toBe(1);
    await rememberedSetup(store, { ...subject, precision: 'fp32' }, choose);
    await rememberedSetup(store, { ...subject, ortVersion: '2' }, choose);
    await rememberedSetup(store, { ...subject, browser: 'c' }, choose);
    await rememberedSetup(store, { ...subject, adapter: { ...subject.adapter, device: 'e' } }, choose);
    expect(asked).toBe(5);
  });

  it('survives a store that fails or holds something else, and never keeps "unusable"', async () => {
    const broken: VerdictStore = {
      get: () => Promise.reject(new Error('blocked')),
      set: () => Promise.reject(new Error('blocked')),
    };
    expect(await rememberedSetup(broken, subject, async () => setup)).toEqual(setup);
    const written: string[] = [];
    const odd: VerdictStore = {
      get: async () => '{"usable":',
      set: async (_, value) => void written.push(value),
    };
    const unusable: AdapterSetup = { usable: false, reason: 'wrong' };
    expect(await rememberedSetup(odd, subject, async () => unusable)).toEqual(unusable);
    expect(written).toEqual([]);
  });
});

describe('the arithmetic', () => {
  it('knows the error function', () => {
    // Values: Abramowitz and Stegun, table 7.1.
    expect(errorFunction(0.5)).toBeCloseTo(0.5204998778, 10);
    expect(errorFunction(-2)).toBeCloseTo(-0.995322265, 9);
    expect(errorFunction(40)).toBe(1);
  });

  it('attends as by hand', () => {
    const sample = (dims: number[], values: number[]) => ({ dims, values: Float32Array.from(values) });
    const query = sample([1, 2, 1], [1, 1]);
    const key = sample([1, 2, 1], [0, Math.log(3)]);
    const value = sample([1, 2, 1], [4, 8]);
    // Weights 1/4 and 3/4: 1 + 6 = 7. Causal, the first query sees only the first value.
    expect([...attentionRows({ query, key, value }, { heads: 1 })].map((y) => y.toFixed(5))).toEqual([
      '7.00000',
      '7.00000',
    ]);
    expect(attentionRows({ query, key, value }, { heads: 1, causal: true })[0]).toBe(4);
  });

  it('normalizes groups as by hand', () => {
    const x = { dims: [1, 2, 2], values: Float32Array.of(0, 2, 4, 8) };
    const one = { dims: [2], values: Float32Array.of(1, 1) };
    const zero = { dims: [2], values: Float32Array.of(0, 0) };
    // Two groups: mean 1, deviation 1; mean 6, deviation 2.
    const y = groupNormValues(x, { weight: one, bias: zero }, { groups: 2, epsilon: 0, silu: false });
    expect([...y]).toEqual([-1, 1, -1, 1]);
  });

  it('draws values that float16 holds, and sees a NaN', () => {
    expect([...exactValues([1000], 5).values].every((value) => Number.isInteger(value * 64))).toBe(true);
    expect(relativeError([Number.NaN, 1], Float64Array.of(1, 1))).toBe(Number.POSITIVE_INFINITY);
  });
});
