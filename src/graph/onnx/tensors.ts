/** Where a graph's weights come from, and the checks that make a wrong checkpoint fail at build. */
import { type Precision, storedAs, storedSize, type TensorEntry, type TensorIndex } from './types';

/**
 * A checkpoint or its configuration does not describe a network that can be built. The message names the
 * component, the key or field, and what was expected and found.
 */
export class GraphError extends Error {
  override name = 'GraphError';
}

export interface TensorSource {
  has(key: string): boolean;
  /** The tensor of that key. @throws GraphError if it is missing, of another shape or another precision */
  take(key: string, shape: readonly number[]): TensorEntry;
  /** @throws GraphError if a tensor was never taken that no rule explains */
  finish(): void;
}

/**
 * A component's tensors, each checked as it is taken.
 * @param harmless keys that may stay unused, e.g. `position_ids`, or the other half of an autoencoder
 */
export function checkpointTensors(
  component: string,
  index: TensorIndex,
  precision: Precision,
  harmless: RegExp,
): TensorSource {
  const dtype = storedAs[precision];
  const taken = new Set<string>();
  return {
    has: (key) => index.has(key),
    take(key, shape) {
      const entry = index.get(key);
      const expected = `${dtype} [${shape.join(', ')}]`;
      if (entry === undefined) {
        throw new GraphError(`${component}: tensor "${key}" ${expected} is missing from the checkpoint`);
      }
      const sameShape =
        entry.shape.length === shape.length && entry.shape.every((size, axis) => size === shape[axis]);
      const length = storedSize(dtype, shape);
      if (!sameShape || entry.dtype !== dtype || entry.length !== length) {
        const found = `${entry.dtype} [${entry.shape.join(', ')}] in ${entry.length} bytes`;
        throw new GraphError(
          `${component}: tensor "${key}" is ${found}, where the configuration asks for ${expected} in ${length} bytes`,
        );
      }
      taken.add(key);
      return entry;
    },
    finish() {
      const unused = [...index.keys()].filter((key) => !taken.has(key) && !harmless.test(key));
      if (unused.length === 0) return;
      const shape = index.get(unused[0] ?? '')?.shape ?? [];
      const others = unused.length > 1 ? ` and ${unused.length - 1} more` : '';
      throw new GraphError(
        `${component}: tensor "${unused[0]}" [${shape.join(', ')}]${others} has no place in the network that the configuration describes`,
      );
    },
  };
}

/** A source that has every tensor, and keeps a list of what a configuration asks for. */
export interface RecordedTensors extends TensorSource {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/**
 * Answers every request: a graph built on it says what its checkpoint must hold.
 * @param absent keys of alternatives that the imagined checkpoint lacks
 */
export function recordTensors(precision: Precision, absent = /^$/): RecordedTensors {
  const dtype = storedAs[precision];
  const entries = new Map<string, TensorEntry>();
  const shapes = new Map<string, readonly number[]>();
  let offset = 0;
  return {
    shapes,
    has: (key) => !absent.test(key),
    take(key, shape) {
      // Asked for again where a graph takes a tensor in parts.
      const known = entries.get(key);
      if (known !== undefined) return known;
      const length = storedSize(dtype, shape);
      const entry: TensorEntry = { dtype, shape, path: 'recorded.safetensors', offset, length };
      offset += length;
      entries.set(key, entry);
      shapes.set(key, shape);
      return entry;
    },
    finish() {},
  };
}
