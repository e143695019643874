/** ONNX messages from plain values: the only file that knows the protobuf library. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
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
} from './generated/onnx_pb';
import { GraphError } from './tensors';

export type ElementType = 'float32' | 'float16' | 'int32' | 'int64';

export const dataType: Record<ElementType, number> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  int32: TensorProto_DataType.INT32,
  int64: TensorProto_DataType.INT64,
};

const elementBytes: Record<ElementType, number> = { float32: 4, float16: 2, int32: 4, int64: 8 };

/** What graphs of others hold besides. */
export type StoredElement = ElementType | 'bool' | 'int8' | 'uint8' | 'float64';

const storedTypes: Record<StoredElement, { type: number; bytes: number }> = {
  float32: { type: TensorProto_DataType.FLOAT, bytes: 4 },
  float16: { type: TensorProto_DataType.FLOAT16, bytes: 2 },
  int32: { type: TensorProto_DataType.INT32, bytes: 4 },
  int64: { type: TensorProto_DataType.INT64, bytes: 8 },
  bool: { type: TensorProto_DataType.BOOL, bytes: 1 },
  int8: { type: TensorProto_DataType.INT8, bytes: 1 },
  uint8: { type: TensorProto_DataType.UINT8, bytes: 1 },
  float64: { type: TensorProto_DataType.DOUBLE, bytes: 8 },
};

/** Of one value. */
export function storedBytes(element: StoredElement): number {
  return storedTypes[element].bytes;
}

/** Numbers are ONNX ints; floats are marked, since JavaScript cannot tell 1.0 from 1. */
export type AttributeValue = number | readonly number[] | string | { readonly float: number };

/** A dimension: a size, or the name of one that is known only at run time. */
export type Dimension = number | string;

const IR_VERSION = 10n;
const OPSETS = [
  { domain: '', version: 20n },
  { domain: 'com.microsoft', version: 1n },
];

/** One operator's node. @param domain `''` for ONNX's own operators @param name for messages of ONNX Runtime */
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

/** A small tensor whose values are in the model itself. */
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

/** A tensor whose bytes are in another file. `offset` and `length` are bytes. */
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

/** An input or output: its name, type and shape. */
export function valueInfo(name: string, element: StoredElement, dims: readonly Dimension[]): ValueInfoProto {
  const dim = dims.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === 'number'
          ? { case: 'dimValue', value: BigInt(size) }
          : { case: 'dimParam', value: size },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: storedTypes[element].type,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}

/** @returns the bytes of a model with one graph, IR version 10, opset 20 */
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

export interface ReadTensor {
  element: StoredElement;
  dims: readonly number[];
  /** If they are few, and in the model itself. */
  values?: readonly number[];
}

/** A model as plain values again, for those who reason about it. */
export interface ReadModel {
  nodes: readonly {
    op: string;
    inputs: readonly string[];
    outputs: readonly string[];
    ints(name: string): readonly number[] | undefined;
    int(name: string): number | undefined;
    text(name: string): string | undefined;
    /** The tensor of that attribute. */
    tensor(name: string): ReadTensor | undefined;
  }[];
  initializers: readonly (ReadTensor & { name: string })[];
  inputs: readonly { name: string; element: StoredElement; dims: readonly Dimension[] }[];
  outputs: readonly string[];
}

/** @param bytes as {@link serializeModel} gives them */
export function readModel(bytes: Uint8Array): ReadModel {
  const { graph } = fromBinary(ModelProtoSchema, bytes);
  if (graph === undefined) throw new TypeError('a model without a graph');
  return readGraph(graph);
}

/** @throws TypeError if an input is not a tensor, GraphError if a type is not known here */
export function readGraph(graph: GraphProto): ReadModel {
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
        text: (name) => {
          const found = find(name);
          return found && new TextDecoder().decode(found.s);
        },
        tensor: (name) => {
          const tensor = find(name)?.t;
          return tensor && readTensor(tensor);
        },
      };
    }),
    initializers: graph.initializer.map((tensor) => ({ name: tensor.name, ...readTensor(tensor) })),
    inputs: graph.input.map(({ name, type }) => {
      if (type?.value.case !== 'tensorType') throw new TypeError(`input ${name} is not a tensor`);
      const { elemType, shape } = type.value.value;
      const dims = (shape?.dim ?? []).map(({ value }) =>
        value.case === 'dimParam' ? value.value : Number(value.value ?? 0),
      );
      return { name, element: elementOf(elemType), dims };
    }),
    outputs: graph.output.map(({ name }) => name),
  };
}

/** More values than any shape has, and than any list that shapes are made from. */
const MAX_VALUES = 1024;

/** A tensor's type and shape, and its values if they are few and in the model itself. */
export function readTensor(tensor: TensorProto): ReadTensor {
  const { dims, dataType: type, dataLocation } = tensor;
  const element = elementOf(type);
  const shape = dims.map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  const isHere = dataLocation !== TensorProto_DataLocation.EXTERNAL && count <= MAX_VALUES;
  const values = isHere ? valuesOf(element, tensor) : [];
  return { element, dims: shape, ...(values.length === count && { values }) };
}

/** Raw bytes, or the field that the type has for itself. */
function valuesOf(
  element: StoredElement,
  data: Pick<TensorProto, 'rawData' | 'int32Data' | 'int64Data' | 'floatData' | 'doubleData'>,
): readonly number[] {
  const raw = data.rawData.slice().buffer;
  switch (element) {
    case 'int64':
      return raw.byteLength > 0 ? Array.from(new BigInt64Array(raw), Number) : data.int64Data.map(Number);
    case 'int32':
      return raw.byteLength > 0 ? [...new Int32Array(raw)] : data.int32Data;
    case 'float32':
      return raw.byteLength > 0 ? [...new Float32Array(raw)] : data.floatData;
    case 'float64':
      return raw.byteLength > 0 ? [...new Float64Array(raw)] : data.doubleData;
    case 'bool':
      return raw.byteLength > 0 ? [...new Uint8Array(raw)] : data.int32Data;
    case 'float16':
      return (raw.byteLength > 0 ? [...new Uint16Array(raw)] : data.int32Data).map(halfValue);
    case 'int8':
    case 'uint8':
      return [];
    default:
      throw new TypeError(`unknown type ${element satisfies never}`);
  }
}

/** @param type of TensorProto.DataType @throws GraphError if it is not known here */
export function elementOf(type: number): StoredElement {
  for (const [element, known] of Object.entries(storedTypes)) {
    if (known.type === type) return element as StoredElement;
  }
  throw new GraphError(`tensors of the type ${TensorProto_DataType[type] ?? type} are not known here`);
}

/** The number that IEEE 754 binary16 means by these bits. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** IEEE 754 binary16, rounded to nearest even; Node 20 and older browsers have no Float16Array. */
export function halfBits(value: number): number {
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
