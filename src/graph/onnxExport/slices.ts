/**
 * Attention of exports in slices of its queries, as graph/layers/nn.ts has it in Inlay's own graphs: exporters write the scores of
 * all queries at once, which are 1 GiB in Stable Diffusion 1.5 at 512 px. Each query has its softmax to itself, so nothing
 * is approximated.
 */
import { clone, fromBinary, toBinary } from '@bufbuild/protobuf';
import { inferSizes, Sizes } from '../footprint';
import { SCORES_BYTES } from '../layers/nn';
import {
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
} from '../onnx/generated/onnx_pb';
import { type AttributeValue, inlineTensor, nodeProto, readGraph } from '../onnx/proto';
import { GraphError } from '../onnx/tensors';
import type { Graph } from '../onnx/types';
import { type Attention, findAttention, namesRead } from './attention';
import { inferExported } from './footprint';

/**
 * @param graph as adapt.ts gives it
 * @param dims of the run that decides how many slices there are: any other size runs in as many
 * @param sliceBytes what the scores of one slice may have
 */
export function sliceAttention(
  graph: Graph,
  dims: Readonly<Record<string, number>>,
  sliceBytes = SCORES_BYTES,
): Graph {
  const model = fromBinary(ModelProtoSchema, graph.bytes);
  if (model.graph === undefined) return graph;
  const sizes = new Sizes();
  try {
    inferSizes(readGraph(model.graph), dims, inferExported, sizes);
  } catch (error) {
    // What comes after the place to which a graph can be followed stays as it is.
    if (!(error instanceof GraphError)) throw error;
  }
  const opset = model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  const large = findAttention(model.graph, sizes, Number(opset?.version ?? 0n)).filter(
    ({ bytes }) => bytes > sliceBytes,
  );
  if (large.length === 0) return graph;
  const slicer = new Slicer(model.graph);
  for (const attention of large) {
    const rows = attention.queries.at(-2) ?? 1;
    slicer.slice(attention, Math.min(rows, MOST_PARTS, Math.ceil(attention.bytes / sliceBytes)), sizes);
  }
  model.graph.node = withoutIdle(model.graph.node, graph.outputNames);
  return { ...graph, bytes: toBinary(ModelProtoSchema, model) };
}

/** 4 GiB of scores: 2048 × 2048 pixels in one head. ONNX Runtime takes minutes over graphs of thousands of parts. */
const MOST_PARTS = 64;

/** Rows are there in queries, scores and results, whatever their rank. */
const ROWS = -2;

class Slicer {
  readonly #constants = new Set<string>();
  #nodes: NodeProto[] = [];
  #count = 0;

  constructor(readonly graph: GraphProto) {}

  /** Puts `parts` copies in an attention's place, each for a part of the queries. */
  slice({ first, between, last, rowwise, idle, queries }: Attention, parts: number, sizes: Sizes): void {
    this.#nodes = [];
    // Rows of zeros go along, since runs of few queries would have slices of nothing.
    const extra = parts - 1;
    const padded = (name: string, rank: number) =>
      this.#node('Pad', [name, this.#ints(...new Array<number>(2 * rank).fill(0).with(2 * rank - 2, extra))]);
    const [queriesName = '', keys = ''] = first.input;
    const scoreNames = new Set([first, ...between].flatMap(({ output }) => output));
    const rows = new Map([[queriesName, padded(queriesName, queries.length)]]);
    for (const name of rowwise) rows.set(name, padded(name, sizes.shape(name).length));

    // Part i goes from ⌊i · count / parts⌋ to the next one's beginning.
    const shape = this.#node('Shape', [rows.get(queriesName) ?? '']);
    const count = this.#node('Slice', [shape, this.#ints(ROWS), this.#ints(ROWS + 1), this.#ints(0)]);
    const multiples = this.#node('Mul', [
      count,
      this.#ints(...Array.from({ length: parts + 1 }, (_, i) => i)),
    ]);
    const bounds = this.#node('Div', [multiples, this.#ints(parts)]);
    const bound = Array.from({ length: parts + 1 }, (_, i) =>
      this.#node('Slice', [bounds, this.#ints(i), this.#ints(i + 1), this.#ints(0)]),
    );

    const partOf = (part: number): string => {
      const names = new Map<string, string>();
      for (const [name, all] of rows) {
        const [start = '', end = ''] = [bound[part], bound[part + 1]];
        names.set(name, this.#node('Slice', [all, start, end, this.#ints(ROWS)]));
      }
      const named = (name = '') => names.get(name) ?? name;
      names.set(first.output[0] ?? '', this.#copy(first, [named(queriesName), keys]));
      for (const node of between) {
        const [output = ''] = node.output;
        const scores = node.input.find((name) => scoreNames.has(name));
        names.set(output, idle.has(node) ? named(scores) : this.#copy(node, node.input.map(named)));
      }
      const [weights, values = ''] = last.input;
      return this.#copy(last, [named(weights), values]);
    };
    // By twos: a device limits how many tensors one operator may read.
    const joined = (from: number, to: number): string => {
      if (to - from === 1) return partOf(from);
      const middle = Math.floor((from + to) / 2);
      return this.#node('Concat', [joined(from, middle), joined(middle, to)], { axis: ROWS });
    };
    const whole = joined(0, parts);
    const ends = [this.#ints(0), this.#ints(-extra), this.#ints(ROWS)];
    const [result = ''] = last.output;
    this.#nodes.push(nodeProto('Slice', '', `${last.name}/whole`, [whole, ...ends], [result], {}));

    const gone = new Set([first, ...between]);
    this.graph.node = this.graph.node.flatMap((node) =>
      node === last ? this.#nodes : gone.has(node) ? [] : [node],
    );
  }

  #node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const output = `inlay/slices/${op}_${this.#count++}`;
    this.#nodes.push(nodeProto(op, '', output, inputs, [output], attributes));
    return output;
  }

  /** The same operator on other values. */
  #copy(node: NodeProto, inputs: string[]): string {
    const output = `inlay/slices/${node.opType}_${this.#count++}`;
    const copy = clone(NodeProtoSchema, node);
    this.#nodes.push(Object.assign(copy, { name: output, input: inputs, output: [output] }));
    return output;
  }

  #ints(...values: number[]): string {
    const name = `inlay/slices/[${values}]`;
    if (!this.#constants.has(name)) {
      this.#constants.add(name);
      this.graph.initializer.push(inlineTensor(name, 'int64', [values.length], values));
    }
    return name;
  }
}

/** Without nodes that nothing comes of: the zeros that were added had as many values as all scores together. */
function withoutIdle(nodes: readonly NodeProto[], outputs: readonly string[]): NodeProto[] {
  const makers = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const wanted = new Set<NodeProto>();
  const names = [...outputs];
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const maker = makers.get(name);
    if (maker === undefined || wanted.has(maker)) continue;
    wanted.add(maker);
    names.push(...namesRead(maker));
  }
  return nodes.filter((node) => wanted.has(node));
}
