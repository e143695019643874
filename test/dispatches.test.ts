/**
 * What each network asks of a GPU must not grow unnoticed. The figures are exact, and depend on neither the machine nor its
 * load; a change that is meant is written down by `npm run bench -- dispatches --write`.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { NVIDIA } from './support/countingGpu/device';
import { type CountedGraph, countedModels, countModel } from './support/countingGpu/models';
import { type CountingGpu, openCountingGpu } from './support/countingGpu/runtime';

const kept: readonly CountedGraph[] = JSON.parse(readFileSync('bench/results/dispatches.json', 'utf8'));

describe('the work of a call', () => {
  let gpu: CountingGpu;
  beforeAll(async () => {
    gpu = await openCountingGpu(NVIDIA);
  });

  it.each(countedModels)('$name asks no more of a GPU than is written down', async (model) => {
    const counted: CountedGraph[] = [];
    for await (const graph of countModel(gpu, model)) counted.push(graph);
    const before = kept.filter(({ graph }) => graph.startsWith(`${model.name} `));
    expect(counted.map(({ graph }) => graph)).toEqual(before.map(({ graph }) => graph));
    for (const [at, now] of counted.entries()) {
      const then = before[at];
      const grown = (['dispatches', 'boundBytes', 'peakBytes', 'pipelines'] as const).filter(
        (what) => now[what] > (then?.[what] ?? 0),
      );
      expect(grown, `${now.graph}: ${JSON.stringify(now)} against ${JSON.stringify(then)}`).toEqual([]);
    }
  });
});
