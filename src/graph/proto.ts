/** ONNX messages from plain values: the only file that knows the protobuf library. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb';

export type ElementType = 'float32' | 'float16' | 'int32' | 'int64';

export const dataType: Record<ElementType, number> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  int32: TensorProto_DataType.INT32,
  int64: TensorProto_DataType.INT64,
};

export const elementBytes: Record<ElementType, number> = { float32: 4, float16: 2, int32: 4, int64: 8 };

/** Numbers are ONNX ints; floats are marked, since JavaScript cannot tell 1.0 from 1. */
export type AttributeValue = number | readonly number[] | string | { readonly float: number };

/** A dimension: a size, or the name of one that is known only at run time. */
export type Dimension = number | string;

const IR_VERSION = 10n;
const OPSETS = [
  { domain: '', version: 20n },
  { domain: 'com.microsoft', version: 1n },
];

export function nodeProto(
  op: string,
  domain: string,
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>>,
): NodeProto {
  return create(NodeProtoSchema, {
    opType: op,
    domain,
    name,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
  });
}

function attributeProto(name: string, value: AttributeValue): AttributeProto {
  const type = AttributeProto_AttributeType;
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: type.INT, i: BigInt(value) });
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: type.STRING, s: new TextEncoder().encode(value) });
  }
  if ('float' in value) return create(AttributeProtoSchema, { name, type: type.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: type.INTS, ints: value.map(BigInt) });
}

/** A small tensor whose values stand in the model itself. */
export function inlineTensor(
  name: string,
  element: ElementType,
  dims: readonly number[],
  values: ArrayLike<number>,
): TensorProto {
  const rawData = new Uint8Array(values.length * elementBytes[element]);
  const view = new DataView(rawData.buffer);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    if (element === 'float32') view.setFloat32(4 * index, value, true);
    else if (element === 'float16') view.setUint16(2 * index, halfBits(value), true);
    else if (element === 'int32') view.setInt32(4 * index, value, true);
    else view.setBigInt64(8 * index, BigInt(value), true);
  }
  return create(TensorProtoSchema, { name, dataType: dataType[element], dims: dims.map(BigInt), rawData });
}

/** A tensor whose bytes stand in another file. `offset` and `length` are bytes. */
export function externalTensor(
  name: string,
  element: ElementType,
  dims: readonly number[],
  place: { path: string; offset: number; length: number },
): TensorProto {
  const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  return create(TensorProtoSchema, {
    name,
    dataType: dataType[element],
    dims: dims.map(BigInt),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      entry('location', place.path),
      entry('offset', String(place.offset)),
      entry('length', String(place.length)),
    ],
  });
}

export function valueInfo(name: string, element: ElementType, dims: readonly Dimension[]): ValueInfoProto {
  const dim = dims.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === 'number'
          ? { case: 'dimValue', value: BigInt(size) }
          : { case: 'dimParam', value: size },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: dataType[element],
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}

export function serializeModel(
  name: string,
  parts: {
    nodes: NodeProto[];
    initializers: TensorProto[];
    inputs: ValueInfoProto[];
    outputs: ValueInfoProto[];
  },
): Uint8Array<ArrayBuffer> {
  const graph = create(GraphProtoSchema, {
    name,
    node: parts.nodes,
    initializer: parts.initializers,
    input: parts.inputs,
    output: parts.outputs,
  });
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'inlay',
    graph,
    opsetImport: OPSETS.map((opset) => create(OperatorSetIdProtoSchema, opset)),
  });
  return toBinary(ModelProtoSchema, model);
}

/** A model as plain values again, for those who reason about it. */
export interface ReadModel {
  nodes: readonly {
    op: string;
    inputs: readonly string[];
    outputs: readonly string[];
    ints(name: string): readonly number[] | undefined;
    int(name: string): number | undefined;
  }[];
  /** `ints`: the values, where they are int64 and stand in the model itself. */
  initializers: readonly {
    name: string;
    element: ElementType;
    dims: readonly number[];
    ints?: readonly number[];
  }[];
  inputs: readonly { name: string; element: ElementType; dims: readonly Dimension[] }[];
  outputs: readonly string[];
}

/** @param bytes as {@link serializeModel} gives them */
export function readModel(bytes: Uint8Array): ReadModel {
  const { graph } = fromBinary(ModelProtoSchema, bytes);
  if (graph === undefined) throw new TypeError('a model without a graph');
  return {
    nodes: graph.node.map(({ opType, input, output, attribute }) => {
      const find = (name: string) => attribute.find((candidate) => candidate.name === name);
      return {
        op: opType,
        inputs: input,
        outputs: output,
        ints: (name) => find(name)?.ints.map(Number),
        int: (name) => {
          const found = find(name);
          return found === undefined ? undefined : Number(found.i);
        },
      };
    }),
    initializers: graph.initializer.map(({ name, dims, rawData, dataType: type, dataLocation }) => {
      const element = elementOf(type);
      const isHere = element === 'int64' && dataLocation !== TensorProto_DataLocation.EXTERNAL;
      return {
        name,
        element,
        dims: dims.map(Number),
        ...(isHere && { ints: Array.from(new BigInt64Array(rawData.slice().buffer), Number) }),
      };
    }),
    inputs: graph.input.map(({ name, type }) => {
      if (type?.value.case !== 'tensorType') throw new TypeError(`input ${name} is no tensor`);
      const { elemType, shape } = type.value.value;
      const dims = (shape?.dim ?? []).map(({ value }) =>
        value.case === 'dimParam' ? value.value : Number(value.value ?? 0),
      );
      return { name, element: elementOf(elemType), dims };
    }),
    outputs: graph.output.map(({ name }) => name),
  };
}

export function elementOf(type: number): ElementType {
  for (const [element, known] of Object.entries(dataType)) {
    if (known === type) return element as ElementType;
  }
  throw new TypeError(`no element type ${type}`);
}

/** IEEE 754 binary16, rounded to nearest even; Node 20 and older browsers have no Float16Array. */
function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const steps = roundHalfEven(magnitude / 2 ** (exponent - 10));
  // Subnormals count from exponent −14; a carry out of the mantissa lands in the next exponent by itself.
  return sign | (steps + (exponent + 14) * 1024);
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
