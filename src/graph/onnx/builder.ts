/** Writes an ONNX graph node by node. A scope is a checkpoint key: names of nodes say where they come from. */
import type { NodeProto, TensorProto, ValueInfoProto } from './generated/onnx_pb';
import {
  type AttributeValue,
  type Dimension,
  dataType,
  type ElementType,
  externalTensor,
  inlineTensor,
  nodeProto,
  serializeModel,
  valueInfo,
} from './proto';
import type { TensorSource } from './tensors';
import type { Graph, GraphTarget } from './types';

/** What flows between nodes. */
export interface Value {
  readonly name: string;
  readonly element: ElementType;
}

export interface NodeOptions {
  attributes?: Readonly<Record<string, AttributeValue>>;
  /** The contributed operators of ONNX Runtime live in `com.microsoft`. */
  domain?: '' | 'com.microsoft';
  /** Where the output's type is not that of the first input. */
  element?: ElementType;
}

/**
 * A graph under construction. A tensor of the checkpoint that is missing, unused or misshapen fails it, by its key.
 */
export class GraphBuilder {
  private readonly nodes: NodeProto[] = [];
  private readonly initializers = new Map<string, TensorProto>();
  private readonly inputs: ValueInfoProto[] = [];
  private readonly outputs: ValueInfoProto[] = [];
  private readonly paths = new Set<string>();
  private readonly uses = new Map<string, number>();
  private prefix = '';

  constructor(
    private readonly component: string,
    private readonly tensors: TensorSource,
    /** Only `nn.ts` reads this. */
    readonly target: GraphTarget,
  ) {}

  /** The type that the network computes in; inputs and outputs are float32 all the same. */
  get float(): ElementType {
    return this.target.precision === 'fp16' ? 'float16' : 'float32';
  }

  /** Runs `body` with `key` appended to the checkpoint keys of everything inside. */
  scope<Result>(key: string, body: () => Result): Result {
    const outer = this.prefix;
    this.prefix = this.key(key);
    try {
      return body();
    } finally {
      this.prefix = outer;
    }
  }

  /** An input, cast to the network's own type where it is float32 and `keep` is not asked for. */
  input(name: string, element: 'float32' | 'int32', dims: readonly Dimension[], keep = false): Value {
    this.inputs.push(valueInfo(name, element, dims));
    const value = { name, element };
    return element === 'float32' && !keep ? this.cast(value, this.float) : value;
  }

  /** Makes a value an output of the graph, in float32. */
  output(name: string, value: Value, dims: readonly Dimension[]): void {
    this.nodes.push(nodeProto('Cast', '', `output/${name}`, [value.name], [name], { to: dataType.float32 }));
    this.outputs.push(valueInfo(name, 'float32', dims));
  }

  /** A new node with one output. An absent optional input is undefined. */
  node(op: string, inputs: readonly (Value | undefined)[], options: NodeOptions = {}): Value {
    const name = this.unique(`${this.prefix}/${op}`);
    const output = { name, element: options.element ?? inputs[0]?.element ?? this.float };
    this.append(op, name, inputs, [output], options);
    return output;
  }

  /**
   * A new node with two outputs.
   * @param positions theirs among the operator's outputs; the others, which are optional, are absent
   */
  pair(
    op: string,
    inputs: readonly (Value | undefined)[],
    options: NodeOptions = {},
    positions: readonly [number, number] = [0, 1],
  ): [Value, Value] {
    const name = this.unique(`${this.prefix}/${op}`);
    const element = options.element ?? inputs[0]?.element ?? this.float;
    const values = positions.map((position) => ({ name: `${name}:${position}`, element })) as [Value, Value];
    const outputs = Array.from({ length: positions[1] + 1 }, (_, position) => {
      return values[positions.indexOf(position)];
    });
    this.append(op, name, inputs, outputs, options);
    return values;
  }

  private append(
    op: string,
    name: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly (Value | undefined)[],
    { attributes = {}, domain = '' }: NodeOptions,
  ): void {
    const from = inputs.map((value) => value?.name ?? '');
    const to = outputs.map((value) => value?.name ?? '');
    this.nodes.push(nodeProto(op, domain, name, from, to, attributes));
  }

  has(key: string): boolean {
    return this.tensors.has(this.key(key));
  }

  /**
   * A tensor of the checkpoint, as an initializer that points into its file.
   * @param shape the shape that the file must have
   * @param dims the shape that the graph sees: the same bytes, so no node has to reshape a weight
   * @throws GraphError if the file has no such tensor, or one of another shape or precision
   */
  weight(key: string, shape: readonly number[], dims: readonly number[] = shape): Value {
    const full = this.key(key);
    const name = `${full}[${dims.join(',')}]`;
    if (!this.initializers.has(name)) {
      const entry = this.tensors.take(full, shape);
      this.paths.add(entry.path);
      this.initializers.set(name, externalTensor(name, this.float, dims, entry));
    }
    return { name, element: this.float };
  }

  /**
   * Rows of a tensor of the checkpoint, as an initializer of its own over the same bytes.
   * @param shape of the whole tensor
   * @param rows from the first to before the second, of the first axis
   * @throws GraphError as {@link weight}
   */
  weightRows(key: string, shape: readonly number[], rows: readonly [number, number]): Value {
    const full = this.key(key);
    const [from, to] = rows;
    const name = `${full}[${from}:${to}]`;
    if (!this.initializers.has(name)) {
      const entry = this.tensors.take(full, shape);
      this.paths.add(entry.path);
      const [all = 1, ...rest] = shape;
      const rowBytes = entry.length / all;
      const part = { ...entry, offset: entry.offset + from * rowBytes, length: (to - from) * rowBytes };
      this.initializers.set(name, externalTensor(name, this.float, [to - from, ...rest], part));
    }
    return { name, element: this.float };
  }

  /** Small values that the graph itself carries; floats in the network's type unless another is named. */
  constant(
    values: ArrayLike<number>,
    dims: readonly number[] = [values.length],
    element = this.float,
  ): Value {
    // Beside the values themselves nothing tells two constants apart: equal ones are shared.
    const content = values.length <= 16 ? `${Array.from(values).join(',')}` : this.unique('table');
    const name = `constant/${element}[${dims.join(',')}](${content})`;
    if (!this.initializers.has(name)) this.initializers.set(name, inlineTensor(name, element, dims, values));
    return { name, element };
  }

  /** Shapes, axes and indices. */
  ints(...values: number[]): Value {
    return this.constant(values, [values.length], 'int64');
  }

  cast(value: Value, element: ElementType): Value {
    if (value.element === element) return value;
    return this.node('Cast', [value], { attributes: { to: dataType[element] }, element });
  }

  /** @throws GraphError if the checkpoint holds tensors that nothing used */
  finish(): Graph {
    this.tensors.finish();
    return {
      bytes: serializeModel(this.component, {
        nodes: this.nodes,
        initializers: [...this.initializers.values()],
        inputs: this.inputs,
        outputs: this.outputs,
      }),
      inputNames: this.inputs.map((input) => input.name),
      outputNames: this.outputs.map((output) => output.name),
      paths: [...this.paths],
    };
  }

  private key(key: string): string {
    return this.prefix === '' ? key : `${this.prefix}.${key}`;
  }

  private unique(name: string): string {
    const count = this.uses.get(name) ?? 0;
    this.uses.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  }
}
