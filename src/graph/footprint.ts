/**
 * What a graph takes of memory, computed from the graph itself: its nodes are visited in the order in which they run,
 * with the sizes that one run has, and tensors live from the node that makes them to the last one that reads them.
 *
 * An upper bound in one respect, since a node's result is never put over its input, and a lower one in another, since
 * buffers that a runtime keeps for later and workspaces inside kernels are not seen. docs/memory.md compares it with
 * what ONNX Runtime takes.
 */
import { type ReadModel, readModel, type StoredElement, storedBytes } from './onnx/proto';
import { GraphError } from './onnx/tensors';
import type { Graph } from './onnx/types';

export interface Footprint {
  /** All weights, in the graph's precision. */
  weightBytes: number;
  /** The most that inputs, outputs and tensors between nodes take at one time. */
  activationBytes: number;
  /** The largest single weight or tensor, and what it is called: a device limits the size of one buffer. */
  largest: { bytes: number; name: string };
}

export type Shape = readonly number[];
export type Node = ReadModel['nodes'][number];
/** Works out the outputs of one node. */
export type Infer = (node: Node, sizes: Sizes) => void;

/** A tensor while it lives. */
interface Buffer {
  bytes: number;
  /** Names by which it is still read. */
  names: number;
}

/**
 * @param dims sizes of the inputs' named dimensions, e.g. `{ batch: 2, height: 64, … }`
 * @param infer the rules of the operators; those of our own graphs if absent
 */
export function footprint(
  graph: Pick<Graph, 'bytes'>,
  dims: Readonly<Record<string, number>>,
  infer: Infer = inferOwn,
): Footprint {
  const model = readModel(graph.bytes);
  const largest = { bytes: 0, name: '' };
  const note = (name: string, bytes: number) => {
    if (bytes > largest.bytes) Object.assign(largest, { bytes, name });
  };

  // 1. Weights stay; the small constants among them are counted too
  const sizes = new Sizes();
  inferSizes(model, dims, infer, sizes);
  let weightBytes = 0;
  for (const { name } of model.initializers) {
    const bytes = sizes.bytes(name);
    weightBytes += bytes;
    note(name, bytes);
  }

  // 2. Who reads a tensor last
  const lastUse = new Map<string, number>();
  model.nodes.forEach(({ inputs }, at) => {
    for (const name of inputs) lastUse.set(name, at);
  });
  for (const name of model.outputs) lastUse.set(name, model.nodes.length);

  // 3. One run
  const buffers = new Map<string, Buffer>();
  let live = 0;
  let peak = 0;
  const allocate = (name: string) => {
    const bytes = sizes.bytes(name);
    buffers.set(name, { bytes, names: 1 });
    live += bytes;
    note(name, bytes);
  };
  for (const { name } of model.inputs) allocate(name);
  model.nodes.forEach((node, at) => {
    const [source = ''] = node.inputs;
    const shared = node.op === 'Reshape' ? buffers.get(source) : undefined;
    for (const name of node.outputs) {
      // An optional output that nobody wanted.
      if (name === '') continue;
      if (shared === undefined) allocate(name);
      else {
        buffers.set(name, shared);
        shared.names++;
      }
    }
    peak = Math.max(peak, live);
    for (const name of new Set([...node.inputs, ...node.outputs])) {
      const buffer = buffers.get(name);
      // Read for the last time here, or never.
      if (buffer === undefined || (lastUse.get(name) ?? at) > at) continue;
      buffers.delete(name);
      buffer.names--;
      if (buffer.names === 0) live -= buffer.bytes;
    }
  });
  return { weightBytes, activationBytes: peak, largest };
}

/**
 * Works out the size of every tensor of a run.
 * @param dims as of {@link footprint}
 * @param sizes filled in, as far as it goes where this throws
 * @throws GraphError if there is no rule for an operator, or a size is known only once the graph runs
 */
export function inferSizes(
  model: ReadModel,
  dims: Readonly<Record<string, number>>,
  infer: Infer,
  sizes: Sizes,
): void {
  for (const { name, element, dims: shape, values } of model.initializers)
    sizes.set(name, shape, element, values);
  for (const { name, element, dims: shape } of model.inputs) {
    const sized = shape.map((size) => {
      const known = typeof size === 'number' ? size : dims[size];
      if (known === undefined) throw new GraphError(`no size for "${size}" of input "${name}"`);
      return known;
    });
    sizes.set(name, sized, element);
  }
  for (const node of model.nodes) infer(node, sizes);
}

/** Shapes and types by name; of a few numbers the values, which other shapes follow from. */
export class Sizes {
  readonly #known = new Map<
    string,
    { shape: Shape; element: StoredElement; values?: readonly number[] | undefined }
  >();

  set(name: string, shape: Shape, element: StoredElement, values?: readonly number[]): void {
    this.#known.set(name, { shape, element, values });
  }

  shape(name: string | undefined): Shape {
    return this.#find(name).shape;
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  element(name: string | undefined): StoredElement {
    return this.#find(name).element;
  }

  /** @throws GraphError if they are known only once the graph runs */
  ints(name: string | undefined): readonly number[] {
    const { values } = this.#find(name);
    if (values === undefined) throw new GraphError(`"${name}" has no values before the graph runs`);
    return values;
  }

  values(name: string | undefined): readonly number[] | undefined {
    return this.#find(name).values;
  }

  bytes(name: string): number {
    const { shape, element } = this.#find(name);
    return countOf(shape) * storedBytes(element);
  }

  #find(name = '') {
    const known = this.#known.get(name);
    if (known === undefined) throw new GraphError(`"${name}" is read before it is made`);
    return known;
  }
}

/** Number of values of a shape. */
export function countOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The operators that our own graphs use, as they use them. */
export function inferOwn(node: Node, sizes: Sizes): void {
  const [first, second] = node.inputs;
  const [output = '', other] = node.outputs;
  const x = sizes.shape(first);
  const element = sizes.element(first);
  const give = (shape: Shape, type = element) => sizes.set(output, shape, type);
  switch (node.op) {
    case 'Shape': {
      const values = x.slice(node.int('start') ?? 0, node.int('end') ?? x.length);
      sizes.set(output, [values.length], 'int64', values);
      return;
    }
    case 'Reshape':
      give(reshaped(x, sizes.ints(second)));
      return;
    case 'Cast':
      give(x, node.int('to') === 10 ? 'float16' : node.int('to') === 1 ? 'float32' : 'int32');
      return;
    case 'Transpose':
      give((node.ints('perm') ?? []).map((axis) => x[axis] ?? 0));
      return;
    case 'Expand':
      give(broadcast(x, sizes.ints(second)));
      return;
    case 'Add':
    case 'Sub':
    case 'Mul':
      give(broadcast(x, sizes.shape(second)));
      return;
    case 'MatMul': {
      const y = sizes.shape(second);
      const batch = broadcast(x.slice(0, -2), y.slice(0, -2));
      give([...batch, x.at(-2) ?? 1, y.at(-1) ?? 1]);
      return;
    }
    case 'Gemm':
      give([x[0] ?? 1, sizes.shape(second)[node.int('transB') === 1 ? 0 : 1] ?? 1]);
      return;
    case 'Conv':
      give(convolved(x, sizes.shape(second), node));
      return;
    case 'Concat': {
      const axis = (node.int('axis') ?? 0) + ((node.int('axis') ?? 0) < 0 ? x.length : 0);
      const sum = node.inputs.reduce((total, name) => total + (sizes.shape(name)[axis] ?? 0), 0);
      give(x.with(axis, sum));
      return;
    }
    case 'Split': {
      const axis = (node.int('axis') ?? 0) + ((node.int('axis') ?? 0) < 0 ? x.length : 0);
      const half = Math.ceil((x[axis] ?? 0) / 2);
      give(x.with(axis, half));
      if (other !== undefined) sizes.set(other, x.with(axis, (x[axis] ?? 0) - half), element);
      return;
    }
    case 'Slice': {
      const [starts, ends, axes] = [1, 2, 3].map((i) => sizes.ints(node.inputs[i]));
      const shape = [...x];
      axes?.forEach((axis, i) => {
        const size = x[axis] ?? 0;
        const end = ends?.[i] ?? size;
        shape[axis] = (end < 0 ? size + end : Math.min(size, end)) - (starts?.[i] ?? 0);
      });
      give(shape);
      return;
    }
    case 'Pad': {
      const pads = sizes.ints(second);
      give(x.map((size, axis) => size + (pads[axis] ?? 0) + (pads[axis + x.length] ?? 0)));
      return;
    }
    case 'Resize': {
      // To given sides, or doubled.
      const sides = node.inputs[3] ? sizes.ints(node.inputs[3]) : x.slice(2).map((size) => size * 2);
      give([...x.slice(0, 2), ...sides]);
      return;
    }
    case 'SkipLayerNormalization':
      for (const name of node.outputs) if (name !== '') sizes.set(name, x, element);
      return;
    case 'Gather': {
      const axis = node.int('axis') ?? 0;
      give([...x.slice(0, axis), ...sizes.shape(second), ...x.slice(axis + 1)]);
      return;
    }
    case 'MultiHeadAttention': {
      const value = sizes.shape(node.inputs[2]);
      give(x.with(-1, value.at(-1) ?? 0));
      return;
    }
    case 'BiasSplitGelu':
      give(x.with(-1, (x.at(-1) ?? 0) / 2));
      return;
    case 'GroupNorm':
    case 'InstanceNormalization':
    case 'LayerNormalization':
    case 'Softmax':
    case 'QuickGelu':
    case 'Gelu':
    case 'Relu':
    case 'Sin':
    case 'Cos':
    case 'Floor':
      give(x);
      return;
    default:
      throw new GraphError(`no rule for the size of ${node.op}`);
  }
}

function reshaped(from: Shape, wanted: readonly number[]): Shape {
  const shape = wanted.map((size, axis) => (size === 0 ? (from[axis] ?? 1) : size));
  const known = shape.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  return shape.map((size) => (size === -1 ? countOf(from) / known : size));
}

/** The shape that two become together, as ONNX broadcasts them: from the last axis on, ones stretch. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1),
  );
}

function convolved(x: Shape, weight: Shape, node: Node): Shape {
  const pads = node.ints('pads') ?? [0, 0, 0, 0];
  const strides = node.ints('strides') ?? [1, 1];
  const side = (axis: 0 | 1) => {
    const padded = (x[2 + axis] ?? 0) + (pads[axis] ?? 0) + (pads[axis + 2] ?? 0);
    return Math.floor((padded - (weight[2 + axis] ?? 1)) / (strides[axis] ?? 1)) + 1;
  };
  return [x[0] ?? 1, weight[0] ?? 0, side(0), side(1)];
}

/** The least that a graph takes: its weights, without a run. */
export function weightsAlone(graph: Pick<Graph, 'bytes'>): Footprint {
  const largest = { bytes: 0, name: '' };
  for (const { name, dims, element } of readModel(graph.bytes).initializers) {
    const bytes = countOf(dims) * storedBytes(element);
    if (bytes > largest.bytes) Object.assign(largest, { bytes, name });
  }
  return { weightBytes: weightBytesOf(graph), activationBytes: 0, largest };
}

/** All weights of a graph, in bytes. */
export function weightBytesOf(graph: Pick<Graph, 'bytes'>): number {
  return readModel(graph.bytes).initializers.reduce(
    (sum, { dims, element }) => sum + countOf(dims) * storedBytes(element),
    0,
  );
}
