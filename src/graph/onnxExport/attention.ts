/** Finds attention in graphs of others, as their exporters wrote it, where its queries can be attended to one by one. */
import type { Shape, Sizes } from '../footprint';
import type { GraphProto, NodeProto } from '../onnx/generated/onnx_pb';
import { readTensor } from '../onnx/proto';

/**
 * Softmax over all keys between two products. Whatever is in between works on each query's row for itself, so that
 * any part of the queries gives the same rows as all of them.
 */
export interface Attention {
  /** Queries times keys: its first input are the queries. */
  first: NodeProto;
  /** What is done to the scores, softmax among it, in the order of the graph. */
  between: readonly NodeProto[];
  /** Weights times values: its first input are the weights. */
  last: NodeProto;
  /** The first's and the last's input, and each one's of `between`, that is not the scores and has a row for every query. */
  rowwise: readonly string[];
  /** Nodes of `between` that add zeros. */
  idle: ReadonlySet<NodeProto>;
  /** Of the queries: rows are on the last axis but one. */
  queries: Shape;
  /** Of the largest tensor from the first product to the last. */
  bytes: number;
}

/** Operators that see one number at a time. */
const ELEMENTWISE = new Set(['Cast', 'Identity', 'Mul', 'Div', 'Add', 'Sub']);

/**
 * @param sizes of the run; what they lack is not looked at
 * @param opset version of ONNX's own operators
 */
export function findAttention(graph: GraphProto, sizes: Sizes, opset: number): Attention[] {
  const around = new Around(graph);
  return graph.node.flatMap((node) => {
    const found = node.opType === 'Softmax' ? attentionOf(node, around, sizes, opset) : undefined;
    return found === undefined ? [] : [found];
  });
}

/** Who makes a value, and who reads it. */
class Around {
  readonly #makers: ReadonlyMap<string, NodeProto>;
  readonly #readers = new Map<string, NodeProto[]>();
  readonly #outputs: ReadonlySet<string>;

  constructor(graph: GraphProto) {
    this.#makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
    this.#outputs = new Set(graph.output.map(({ name }) => name));
    for (const node of graph.node)
      for (const name of namesRead(node)) {
        const readers = this.#readers.get(name);
        if (readers === undefined) this.#readers.set(name, [node]);
        else readers.push(node);
      }
  }

  maker(name: string | undefined): NodeProto | undefined {
    return this.#makers.get(name ?? '');
  }

  /** The one node that reads a value; undefined if several do, or the graph gives it away. */
  onlyReader(name: string | undefined): NodeProto | undefined {
    const readers = this.#readers.get(name ?? '') ?? [];
    return readers.length === 1 && !this.#outputs.has(name ?? '') ? readers[0] : undefined;
  }
}

/** What a node reads, in inner graphs too. */
export function namesRead({ input, attribute }: NodeProto): string[] {
  const inner = attribute.flatMap(({ g, graphs }) => (g === undefined ? graphs : [g, ...graphs]));
  return [
    ...input.filter((name) => name !== ''),
    ...inner.flatMap(({ node, output }) => [...node.flatMap(namesRead), ...output.map(({ name }) => name)]),
  ];
}

function attentionOf(softmax: NodeProto, around: Around, sizes: Sizes, opset: number): Attention | undefined {
  const [scores = ''] = softmax.input;
  if (!sizes.has(scores) || !isOverLastAxis(softmax, sizes.shape(scores).length, opset)) return undefined;
  const before = scoresFrom(scores, softmax, around, sizes);
  if (before === undefined) return undefined;
  const { first } = before;

  // From the weights on there is nothing but casts before the values.
  const after: NodeProto[] = [softmax];
  let [weights = ''] = softmax.output;
  let last = around.onlyReader(weights);
  while (last !== undefined && (last.opType === 'Cast' || last.opType === 'Identity')) {
    after.push(last);
    weights = last.output[0] ?? '';
    last = around.onlyReader(weights);
  }
  if (last === undefined || !isProduct(last, 'of values', sizes)) return undefined;
  const [queriesName = '', keys = ''] = first.input;
  const [read, values = ''] = last.input;
  if (read !== weights || values === weights || keys === queriesName) return undefined;

  // Rows are where they must be.
  const between = [...before.nodes, ...after];
  const names = [...[first, ...between].map(({ output }) => output[0] ?? ''), last.output[0] ?? ''];
  if (![queriesName, ...names].every((name) => sizes.has(name))) return undefined;
  const queries = sizes.shape(queriesName);
  const rows = queries.at(-2) ?? 1;
  if (rows === 1 || names.some((name) => sizes.shape(name).at(-2) !== rows)) return undefined;
  const rowwise: string[] = [];
  for (const other of before.others) {
    const size = sizes.shape(other).at(-2) ?? 1;
    if (size === rows) rowwise.push(other);
    else if (size !== 1) return undefined;
  }
  const bytes = Math.max(...names.slice(0, -1).map((name) => sizes.bytes(name)));
  return { first, between, last, rowwise, idle: before.idle, queries, bytes };
}

interface Before {
  first: NodeProto;
  nodes: readonly NodeProto[];
  others: readonly string[];
  idle: ReadonlySet<NodeProto>;
}

/** The way from the first product to a value; undefined if there is none, or more than one. */
function scoresFrom(name: string, reader: NodeProto, around: Around, sizes: Sizes): Before | undefined {
  const maker = around.maker(name);
  if (maker === undefined || !sizes.has(name) || around.onlyReader(name) !== reader) return undefined;
  if (isProduct(maker, 'of keys', sizes)) return { first: maker, nodes: [], others: [], idle: new Set() };
  if (!ELEMENTWISE.has(maker.opType) || maker.input.length > 2) return undefined;
  const [left = '', right] = maker.input;
  if (![left, right ?? left].every((input) => sizes.has(input))) return undefined;
  // What divides, and what is taken away, is not what continues.
  const sides = right === undefined || ['Div', 'Sub'].includes(maker.opType) ? [left] : [left, right];
  const ways = sides.flatMap((side) => {
    const way = sameShape(sizes.shape(side), sizes.shape(name))
      ? scoresFrom(side, maker, around, sizes)
      : undefined;
    return way === undefined ? [] : [{ way, other: side === left ? right : left }];
  });
  const [only] = ways;
  if (only === undefined || ways.length > 1) return undefined;
  const { way, other } = only;
  const nodes = [...way.nodes, maker];
  if (other === undefined) return { ...way, nodes };
  if (maker.opType === 'Add' && isZero(other, around, sizes))
    return { ...way, nodes, idle: new Set([...way.idle, maker]) };
  return { ...way, nodes, others: [...way.others, other] };
}

/** torch's `baddbmm(empty, …, beta=0)` becomes the sum of a product and of zeros times zero. */
function isZero(name: string, around: Around, sizes: Sizes): boolean {
  const values = sizes.has(name) ? sizes.values(name) : undefined;
  if (values !== undefined && values.length > 0) return values.every((value) => value === 0);
  const maker = around.maker(name);
  if (maker?.opType === 'ConstantOfShape') return isFilledWith(maker, (value) => value === 0);
  if (maker?.opType === 'Cast') return isZero(maker.input[0] ?? '', around, sizes);
  if (maker?.opType !== 'Mul') return false;
  return [maker.input, [...maker.input].reverse()].some(([factor = '', filled = '']) => {
    const source = around.maker(filled);
    return (
      isZero(factor, around, sizes) &&
      source?.opType === 'ConstantOfShape' &&
      isFilledWith(source, Number.isFinite)
    );
  });
}

/** ConstantOfShape fills with zeros where it does not say. */
function isFilledWith({ attribute }: NodeProto, check: (value: number) => boolean): boolean {
  const tensor = attribute.find(({ name }) => name === 'value')?.t;
  return tensor === undefined || readTensor(tensor).values?.every(check) === true;
}

/** A product of matrices whose first input's rows are those of its output. */
function isProduct({ opType, input, attribute }: NodeProto, kind: 'of keys' | 'of values', sizes: Sizes) {
  const [first = '', second = ''] = input;
  const isPair = input.length === 2 && sizes.has(first) && sizes.has(second);
  if (!isPair || sizes.shape(first).length < 2 || sizes.shape(second).length < 2) return false;
  if (opType === 'MatMul') return true;
  if (opType !== 'Einsum') return false;
  const equation = new TextDecoder().decode(attribute.find(({ name }) => name === 'equation')?.s);
  return (kind === 'of keys' ? EINSUM_KEYS : EINSUM_VALUES).test(equation.replaceAll(' ', ''));
}

/** `bid,bjd->bij`, with any letters and any number of leading axes. */
const EINSUM_KEYS = /^([a-z]+)([a-z])([a-z]),(\1)([a-z])\3->\1\2\5$/i;
/** `bij,bjd->bid` */
const EINSUM_VALUES = /^([a-z]+)([a-z])([a-z]),(\1)\3([a-z])->\1\2\5$/i;

/** Before opset 13 the axis is 1 where it is not said, and what follows it counts as one. */
function isOverLastAxis({ attribute }: NodeProto, rank: number, opset: number): boolean {
  const given = attribute.find(({ name }) => name === 'axis')?.i;
  const axis = given === undefined ? (opset < 13 ? 1 : -1) : Number(given);
  return axis === -1 || axis === rank - 1;
}

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
