/** Gives an exported graph other inputs and outputs, and its weights a place on the disk. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  TensorProto_DataType,
  type ValueInfoProto,
} from '../onnx/generated/onnx_pb';
import {
  type AttributeValue,
  type Dimension,
  dataType,
  type ElementType,
  externalTensor,
  inlineTensor,
  nodeProto,
  valueInfo,
} from '../onnx/proto';
import { GraphError } from '../onnx/tensors';
import type { Graph, GraphTarget, TensorIndex } from '../onnx/types';
import { halvings, type Repairable, repair } from './repairs';
import { widen } from './toFloat32';

/** An input or output of the export itself. */
export interface Port {
  name: string;
  /** Of TensorProto_DataType. */
  element: number;
  /** undefined if a dimension is known only at run time. */
  dims: readonly (number | undefined)[];
}

/** What an export says of itself. */
export interface ExportedInterface {
  inputs: ReadonlyMap<string, Port>;
  outputs: ReadonlyMap<string, Port>;
  /** Shape of the initializer whose name ends so, as exporters put what they wrapped a network in before its keys. */
  shapeOf(key: string): readonly number[] | undefined;
  /** How often it halves pictures, and doubles them. */
  halvings: { down: number; up: number };
}

/** @param skeleton an ONNX model, with its weights or without */
export function describeExport(skeleton: Uint8Array): ExportedInterface {
  return interfaceOf(fromBinary(ModelProtoSchema, skeleton));
}

function interfaceOf(model: ModelProto): ExportedInterface {
  const initializers = new Map(model.graph?.initializer.map(({ name, dims }) => [name, dims.map(Number)]));
  const { halved, doublings } = halvings(model.graph?.node ?? []);
  const ports = (values: readonly ValueInfoProto[]) =>
    new Map(values.filter(({ name }) => !initializers.has(name)).map((value) => [value.name, portOf(value)]));
  return {
    // Before IR version 4 initializers are listed among the inputs.
    inputs: ports(model.graph?.input ?? []),
    halvings: { down: halved.length, up: doublings.length },
    outputs: new Map((model.graph?.output ?? []).map((value) => [value.name, portOf(value)])),
    shapeOf: (key) => [...initializers].find(([name]) => name === key || name.endsWith(`.${key}`))?.[1],
  };
}

function portOf({ name, type }: ValueInfoProto): Port {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  const dims = (tensor?.shape?.dim ?? []).map(({ value }) =>
    value.case === 'dimValue' && value.value > 0n ? Number(value.value) : undefined,
  );
  return { name, element: tensor?.elemType ?? 0, dims };
}

const elementNames = new Map<number, ElementType>([
  [TensorProto_DataType.FLOAT, 'float32'],
  [TensorProto_DataType.FLOAT16, 'float16'],
  [TensorProto_DataType.INT32, 'int32'],
  [TensorProto_DataType.INT64, 'int64'],
]);

/** A value of the graph and its type. */
export interface Wire {
  name: string;
  element: ElementType;
}

export class ExportEditor implements Repairable {
  readonly ports: ExportedInterface;
  readonly graph: GraphProto;
  readonly #model: ModelProto;
  readonly #before: NodeProto[] = [];
  readonly #after: NodeProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #paths = new Set<string>();
  readonly #fed = new Map<string, string>();
  #count = 0;

  /**
   * @param component what errors call it
   * @param skeleton as `readExported` gives it
   * @param index its weights by name, in float16 only where they are so in the export and the target runs that
   * @throws GraphError if the target cannot run the graph, or would compute it wrongly
   */
  constructor(
    readonly component: string,
    skeleton: Uint8Array,
    index: TensorIndex,
    readonly target: GraphTarget,
  ) {
    this.#model = fromBinary(ModelProtoSchema, skeleton);
    if (this.#model.graph === undefined) throw new GraphError(`${component}: the export holds no graph`);
    this.graph = this.#model.graph;
    widen(this.#model, target.precision === 'fp32');
    this.graph.initializer = this.graph.initializer.map((tensor) => {
      const entry = index.get(tensor.name);
      if (entry === undefined) return tensor;
      this.#paths.add(entry.path);
      return externalTensor(tensor.name, entry.dtype === 'F16' ? 'float16' : 'float32', entry.shape, entry);
    });
    this.ports = interfaceOf(this.#model);
    repair(this, this.#model);
  }

  /** An input of the new interface, in place of those of the export. */
  input(name: string, element: 'float32' | 'int32', dims: readonly Dimension[]): Wire {
    this.#inputs.push(valueInfo(name, element, dims));
    return { name, element };
  }

  /** Makes a value an output of the new interface, in float32. */
  output(name: string, value: Wire, dims: readonly Dimension[]): void {
    const op = value.element === 'float32' ? 'Identity' : 'Cast';
    const attributes: Record<string, number> = op === 'Cast' ? { to: dataType.float32 } : {};
    this.#after.push(nodeProto(op, '', `inlay/output/${name}`, [value.name], [name], attributes));
    this.#outputs.push(valueInfo(name, 'float32', dims));
  }

  /** Hands a value to the export in place of its own input, in that input's type. */
  feed(port: Port, value: Wire, element = this.elementOf(port)): void {
    const cast =
      value.element === element ? value : this.node('Cast', [value], { to: dataType[element] }, element);
    this.#fed.set(port.name, cast.name);
  }

  /** What the export gives. */
  result(port: Port): Wire {
    return { name: innerName(port.name), element: this.elementOf(port) };
  }

  /** @throws GraphError if the export has none of that name */
  inputPort(name: string): Port {
    const port = this.ports.inputs.get(name);
    if (port !== undefined) return port;
    throw new GraphError(
      `${this.component}: the export has no input "${name}" but ${[...this.ports.inputs.keys()].join(', ')}`,
    );
  }

  /** A node that runs before the export's own. */
  node(
    op: string,
    inputs: readonly Wire[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    element: ElementType = inputs[0]?.element ?? 'float32',
  ): Wire {
    return this.#add(this.#before, op, inputs, attributes, element);
  }

  /** A node that runs after the export's own. */
  nodeAfter(
    op: string,
    inputs: readonly Wire[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): Wire {
    return this.#add(this.#after, op, inputs, attributes, inputs[0]?.element ?? 'float32');
  }

  #add(
    nodes: NodeProto[],
    op: string,
    inputs: readonly Wire[],
    attributes: Readonly<Record<string, AttributeValue>>,
    element: ElementType,
  ): Wire {
    const output = `inlay/${op}_${this.#count++}`;
    const names = inputs.map(({ name }) => name);
    nodes.push(nodeProto(op, '', output, names, [output], attributes));
    return { name: output, element };
  }

  constant(element: ElementType, dims: readonly number[], values: readonly number[]): Wire {
    const name = `inlay/constant_${this.#count++}`;
    this.graph.initializer.push(inlineTensor(name, element, dims, values));
    return { name, element };
  }

  ints(...values: number[]): Wire {
    return this.constant('int64', [values.length], values);
  }

  constantInts(...values: number[]): string {
    return this.ints(...values).name;
  }

  insert(before: NodeProto, op: string, inputs: readonly string[]): string {
    const output = `inlay/${op}_${this.#count++}`;
    this.graph.node.splice(
      this.graph.node.indexOf(before),
      0,
      nodeProto(op, '', output, inputs, [output], {}),
    );
    return output;
  }

  /** Has whatever reads a value read the result of another node, which reads the value. */
  appendTo(value: string, op: string, inputs: readonly string[]): void {
    const maker = this.graph.node.findIndex(({ output }) => output.includes(value));
    const output = `inlay/${op}_${this.#count++}`;
    rename(this.graph, new Map([[value, output]]), 'inputs');
    this.graph.node.splice(maker + 1, 0, nodeProto(op, '', output, [value, ...inputs], [output], {}));
  }

  /** Version of ONNX's own operators. */
  get opset(): number {
    const own = this.#model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
    return Number(own?.version ?? 0n);
  }

  elementOf({ name, element }: Port): ElementType {
    const known = elementNames.get(element);
    if (known !== undefined) return known;
    throw new GraphError(
      `${this.component}: "${name}" is of type ${TensorProto_DataType[element] ?? element}, which is not supported`,
    );
  }

  /** @throws GraphError if an input of the export was not fed */
  finish(): Graph {
    const unfed = [...this.ports.inputs.keys()].find((name) => !this.#fed.has(name));
    if (unfed !== undefined) {
      throw new GraphError(`${this.component}: the export wants "${unfed}", which is not supported`);
    }
    const { graph } = this;
    // The new interface has names that the export uses too.
    const names = new Map(this.#fed);
    for (const name of this.ports.outputs.keys()) names.set(name, innerName(name));
    const taken = new Set([...this.#inputs, ...this.#outputs].map(({ name }) => name));
    const own = [...graph.node.flatMap(({ output }) => output), ...graph.initializer.map(({ name }) => name)];
    for (const name of own) if (taken.has(name)) names.set(name, innerName(name));
    for (const tensor of graph.initializer) tensor.name = names.get(tensor.name) ?? tensor.name;
    rename(graph, names);
    graph.input = this.#inputs;
    graph.output = this.#outputs;
    graph.node = [...this.#before, ...graph.node, ...this.#after];
    return {
      bytes: toBinary(ModelProtoSchema, this.#model),
      inputNames: this.#inputs.map(({ name }) => name),
      outputNames: this.#outputs.map(({ name }) => name),
      paths: [...this.#paths],
    };
  }
}

function innerName(output: string): string {
  return `export/${output}`;
}

/** Gives values other names, in inner graphs too. */
function rename(
  graph: GraphProto,
  names: ReadonlyMap<string, string>,
  which: 'inputs' | 'all' = 'all',
): void {
  for (const node of graph.node) {
    node.input = node.input.map((name) => names.get(name) ?? name);
    if (which === 'all') node.output = node.output.map((name) => names.get(name) ?? name);
    for (const { g, graphs } of node.attribute) {
      for (const inner of [...(g === undefined ? [] : [g]), ...graphs]) rename(inner, names, which);
    }
  }
}
