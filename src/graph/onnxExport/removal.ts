/**
 * Exported generators of removal models behind one interface: float32 in and out, cut out of the program around them where
 * an export has one, and without the operators that ONNX Runtime Web computes wrongly or not at all.
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type GraphProto, ModelProtoSchema, type NodeProto } from '../onnx/generated/onnx_pb';
import { inlineTensor, nodeProto, readTensor, valueInfo } from '../onnx/proto';
import { GraphError } from '../onnx/tensors';
import type { Graph, GraphTarget, TensorIndex } from '../onnx/types';
import { ExportEditor, type Port } from './editor';

/** Two values inside an export, between which the generator is. */
export interface Cut {
  from: string;
  to: string;
  /** Of `from`: [batch, channels, height, width]. */
  dims: readonly (number | string)[];
}

/**
 * The part of an export between two values as an export of its own; whatever is around it (decoding, cropping and pasting
 * with sizes that depend on the image) is left out.
 * @param skeleton as `readExported` gives it
 * @returns the skeleton itself if it has no such values
 * @throws GraphError if `to` does not follow from `from` and weights alone
 */
export function cutExport(skeleton: Uint8Array, { from, to, dims }: Cut): Uint8Array {
  const model = fromBinary(ModelProtoSchema, skeleton);
  const { graph } = model;
  const makers = new Map(graph?.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  if (graph === undefined || !makers.has(from) || !makers.has(to)) return skeleton;
  const needed = new Set<NodeProto>();
  const given = new Set([from, '', ...graph.initializer.map(({ name }) => name)]);
  const waiting = [to];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (given.has(name)) continue;
    given.add(name);
    const maker = makers.get(name);
    if (maker === undefined) throw new GraphError(`the export's "${to}" also reads its input "${name}"`);
    needed.add(maker);
    waiting.push(...maker.input);
  }
  graph.node = graph.node.filter((node) => needed.has(node));
  const read = new Set(graph.node.flatMap(({ input }) => input));
  graph.initializer = graph.initializer.filter(({ name }) => read.has(name));
  graph.input = [valueInfo(from, 'float32', dims)];
  graph.output = [valueInfo(to, 'float32', ['batch', 'channels', 'height', 'width'])];
  graph.valueInfo = [];
  return toBinary(ModelProtoSchema, model);
}

/** What a generator takes and gives. */
export interface RemovalPorts {
  inputs: readonly Port[];
  output: Port;
}

/**
 * @param skeleton an export, cut if it has to be
 * @returns a graph with these inputs and the output `result`, all float32
 * @throws GraphError if the target cannot run it
 */
export function adaptRemoval(
  component: string,
  skeleton: Uint8Array,
  index: TensorIndex,
  target: GraphTarget,
  { inputs, output }: RemovalPorts,
): Graph {
  const model = fromBinary(ModelProtoSchema, skeleton);
  if (model.graph !== undefined) mend(model.graph, component);
  const g = new ExportEditor(component, toBinary(ModelProtoSchema, model), index, target);
  for (const port of inputs) {
    const dims = port.dims.map((side, axis) => side ?? dimensionName(port.name, axis));
    g.feed(port, g.input(port.name, 'float32', dims));
  }
  g.output(
    'result',
    g.result(output),
    output.dims.map((side, axis) => side ?? `result_${axis}`),
  );
  return g.finish();
}

/** What a dimension of an input is called in the adapted graph, if it has no fixed size. */
export function dimensionName(input: string, axis: number): string {
  return `${input}_${axis}`;
}

/** In place. */
function mend(graph: GraphProto, component: string): void {
  graph.node = graph.node.flatMap((node, at): NodeProto[] => {
    if (node.opType === 'Slice') return reversal(graph, node, at) ?? [node];
    if (node.opType === 'Einsum') return product(node, component, at);
    return [node];
  });
}

/** The values of a constant of whole numbers; undefined if it is computed. */
function integersOf(graph: GraphProto, name: string | undefined): readonly number[] | undefined {
  if (name === undefined || name === '') return undefined;
  const made = graph.node.find(({ output }) => output.includes(name));
  const tensor =
    graph.initializer.find((initializer) => initializer.name === name) ??
    (made?.opType === 'Constant' ? made.attribute.find(({ t }) => t !== undefined)?.t : undefined);
  return tensor && readTensor(tensor).values?.map(Number);
}

/**
 * A Slice that runs backwards over whole axes, which WebGPU computed wrongly (microsoft/onnxruntime #24744): a Gather for
 * each, by indices that count down.
 * @returns undefined for any other Slice
 */
function reversal(graph: GraphProto, node: NodeProto, at: number): NodeProto[] | undefined {
  const [data = '', starts, ends, axes, steps] = node.input;
  const strides = integersOf(graph, steps);
  if (strides === undefined || strides.every((step) => step > 0)) return undefined;
  const [first, last] = [integersOf(graph, starts), integersOf(graph, ends)];
  const along = integersOf(graph, axes) ?? strides.map((_, i) => i);
  // From the last one to the first.
  const isWhole = strides.every(
    (step, i) => step === -1 && first?.[i] === -1 && (last?.[i] ?? 0) < -(2 ** 30),
  );
  if (!isWhole) return undefined;
  const made: NodeProto[] = [];
  const add = (op: string, inputs: string[], attributes = {}, output = `mended/${at}_${made.length}`) => {
    made.push(nodeProto(op, '', output, inputs, [output], attributes));
    return output;
  };
  let value = data;
  for (const [i, axis] of along.entries()) {
    // At opset 11 and 12 Shape has no range of axes, so the size is picked out of all of them.
    const shape = add('Shape', [value]);
    const size = add('Gather', [shape, constant(graph, at, 'axis', axis, made)], { axis: 0 });
    const from = add('Add', [size, constant(graph, at, 'minus', -1, made)]);
    const range = add('Range', [
      from,
      constant(graph, at, 'end', -1, made),
      constant(graph, at, 'step', -1, made),
    ]);
    const isLast = i === along.length - 1;
    value = add('Gather', [value, range], { axis }, isLast ? (node.output[0] ?? '') : undefined);
  }
  return made;
}

/** A number as an initializer. @returns its name */
function constant(graph: GraphProto, at: number, what: string, value: number, made: NodeProto[]): string {
  const name = `mended/${at}_${made.length}_${what}`;
  graph.initializer.push(inlineTensor(name, 'int64', [], [value]));
  return name;
}

/**
 * An Einsum of two operands as a matrix product: what is summed is one letter, which the output lacks.
 * @throws GraphError for other sums
 */
function product(node: NodeProto, component: string, at: number): NodeProto[] {
  const equation = new TextDecoder().decode(node.attribute.find(({ name }) => name === 'equation')?.s);
  const [, one = '', other = '', out = ''] = /^(\w+),(\w+)->(\w+)$/.exec(equation.replace(/\s/g, '')) ?? [];
  // The smaller operand is the matrix, on whichever side it stands.
  const isTurned = one.length < other.length;
  const [left, right] = isTurned ? [other, one] : [one, other];
  const summed = [...left].filter((letter) => right.includes(letter) && !out.includes(letter));
  const batch = [...left].filter((letter) => right.includes(letter) && out.includes(letter));
  const rows = [...left].filter((letter) => !right.includes(letter));
  const columns = [...right].filter((letter) => !left.includes(letter));
  const isProduct = summed.length === 1 && columns.length === 1 && (batch.length === 0 || rows.length === 1);
  if (!isProduct || out.length !== batch.length + rows.length + 1) {
    throw new GraphError(
      `${component}: the export's Einsum "${equation}" is not supported; name another export`,
    );
  }
  const [a = '', b = ''] = isTurned ? node.input.toReversed() : node.input;
  const made: NodeProto[] = [];
  const transposed = (value: string, from: string, to: readonly string[], output?: string): string => {
    if (output === undefined && [...from].join() === to.join()) return value;
    const name = output ?? `mended/${at}_${made.length}`;
    const perm = to.map((letter) => from.indexOf(letter));
    made.push(nodeProto('Transpose', '', name, [value], [name], { perm }));
    return name;
  };
  const first = transposed(a, left, [...batch, ...rows, ...summed]);
  const second = transposed(b, right, [...batch, ...summed, ...columns]);
  const given = [...batch, ...rows, ...columns].join('');
  const result = node.output[0] ?? '';
  const name = given === out ? result : `mended/${at}_product`;
  made.push(nodeProto('MatMul', '', name, [first, second], [name], {}));
  if (given !== out) transposed(name, given, [...out], result);
  return made;
}
