/** The stream of rows that a transformer's parts add to, and that each of them reads normalized. */
import type { GraphBuilder, Value } from '../onnx/builder';
import { layerNorm } from './nn';

export interface Residual {
  /** [R, width] */
  rows: Value;
  /** The last part's result, not yet added to them. */
  pending?: Value;
}

/**
 * Adds what is pending and normalizes the sum, in one kernel: apart, the sum would be written and read once more.
 * @param key of the norm's weights
 */
export function addAndNorm(
  g: GraphBuilder,
  key: string,
  { rows, pending }: Residual,
  { width, epsilon }: { width: number; epsilon: number },
): { normalized: Value; rows: Value } {
  if (pending === undefined) return { normalized: layerNorm(g, key, rows, width, epsilon), rows };
  return g.scope(key, () => {
    const [normalized, sum] = g.pair(
      'SkipLayerNormalization',
      [rows, pending, g.weight('weight', [width]), g.weight('bias', [width])],
      { domain: 'com.microsoft', attributes: { epsilon: { float: epsilon } } },
      // Between the two are the means and variances, for training.
      [0, 3],
    );
    return { normalized, rows: sum };
  });
}

/** All that was added. */
export function sumOf(g: GraphBuilder, { rows, pending }: Residual): Value {
  return pending === undefined ? rows : g.node('Add', [rows, pending]);
}
