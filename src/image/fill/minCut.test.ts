import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finish } from '../../../test/support/finish';
import { minCut } from './minCut';

/** Right, left, below and above of each of width × height nodes. */
function gridOf(width: number, height: number): Int32Array {
  const neighbours = new Int32Array(4 * width * height).fill(-1);
  for (let i = 0; i < width * height; i++) {
    if (i % width < width - 1) neighbours[4 * i] = i + 1;
    if (i % width > 0) neighbours[4 * i + 1] = i - 1;
    if (i + width < width * height) neighbours[4 * i + 2] = i + width;
    if (i >= width) neighbours[4 * i + 3] = i - width;
  }
  return neighbours;
}

interface Graph {
  neighbours: Int32Array;
  capacities: Float32Array;
  terminals: Float32Array;
}

function costOf({ neighbours, capacities, terminals }: Graph, isSink: (node: number) => boolean): number {
  let cost = 0;
  terminals.forEach((terminal, node) => {
    if (isSink(node) === terminal > 0) cost += Math.abs(terminal);
    for (let d = 0; d < 4; d++) {
      const other = neighbours[4 * node + d] ?? -1;
      if (other >= 0 && !isSink(node) && isSink(other)) cost += capacities[4 * node + d] ?? 0;
    }
  });
  return cost;
}

describe('the cheapest cut', () => {
  it('parts a row at its weakest link', () => {
    // Source gives 9 to the first node, the sink takes 9 from the last; links of 5, 2 and 7.
    const capacities = new Float32Array(16);
    for (const [node, flow] of [5, 2, 7].entries()) capacities[4 * node] = flow;
    expect([...finish(minCut(gridOf(4, 1), capacities, Float32Array.of(9, 0, 0, -9)))]).toEqual([0, 0, 1, 1]);
  });

  it('is as cheap as the cheapest of all', () => {
    const graph = fc
      .record({ width: fc.integer({ min: 1, max: 4 }), height: fc.integer({ min: 1, max: 3 }) })
      .chain(({ width, height }) => {
        const count = width * height;
        return fc.record({
          neighbours: fc.constant(gridOf(width, height)),
          capacities: fc
            .array(fc.nat({ max: 9 }), { minLength: 4 * count, maxLength: 4 * count })
            .map((values) => Float32Array.from(values)),
          terminals: fc
            .array(fc.integer({ min: -15, max: 15 }), { minLength: count, maxLength: count })
            .map((values) => Float32Array.from(values)),
        });
      });
    fc.assert(
      fc.property(graph, (given) => {
        const sides = finish(minCut(given.neighbours, given.capacities.slice(), given.terminals.slice()));
        let least = Infinity;
        for (let choice = 0; choice < 2 ** sides.length; choice++) {
          least = Math.min(
            least,
            costOf(given, (node) => ((choice >> node) & 1) === 1),
          );
        }
        expect(costOf(given, (node) => sides[node] === 1)).toBe(least);
      }),
      { numRuns: 200 },
    );
  });
});
