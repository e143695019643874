/** Turns a graph in 16-bit floats into one in float32, for devices that have none. */
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  TypeProto,
} from '../onnx/generated/onnx_pb';
import { TensorProto_DataType } from '../onnx/generated/onnx_pb';
import { halfValue } from '../onnx/proto';

const { FLOAT, FLOAT16, BFLOAT16 } = TensorProto_DataType;

/** Attributes that name a type of values. */
const TYPE_ATTRIBUTES = ['to', 'dtype'];

/**
 * Changes types and inline values in place; weights are cast where they are stored. bfloat16 always becomes float32: no
 * device here has it.
 * @param halves whether float16 becomes float32 too
 */
export function widen(model: ModelProto, halves: boolean): void {
  const widens = (type: number) => type === BFLOAT16 || (halves && type === FLOAT16);
  const widenType = (type: TypeProto | undefined) => {
    if (type?.value.case === 'tensorType' && widens(type.value.value.elemType))
      type.value.value.elemType = FLOAT;
  };
  const widenTensor = (tensor: TensorProto | undefined) => {
    if (tensor === undefined || !widens(tensor.dataType)) return;
    const decode = tensor.dataType === FLOAT16 ? halfValue : bfloat16Value;
    const bits = sixteenBits(tensor);
    const values = new DataView(new ArrayBuffer(bits.length * 4));
    for (const [i, value] of bits.entries()) values.setFloat32(4 * i, decode(value), true);
    tensor.rawData = new Uint8Array(values.buffer);
    tensor.int32Data = [];
    tensor.dataType = FLOAT;
  };
  const widenAttribute = (attribute: AttributeProto) => {
    widenTensor(attribute.t);
    for (const tensor of attribute.tensors) widenTensor(tensor);
    if (attribute.g !== undefined) widenGraph(attribute.g);
    for (const graph of attribute.graphs) widenGraph(graph);
    if (TYPE_ATTRIBUTES.includes(attribute.name) && widens(Number(attribute.i))) attribute.i = BigInt(FLOAT);
  };
  const widenNodes = (nodes: readonly NodeProto[]) => {
    for (const node of nodes) for (const attribute of node.attribute) widenAttribute(attribute);
  };
  const widenGraph = (graph: GraphProto) => {
    for (const tensor of graph.initializer) widenTensor(tensor);
    for (const { type } of [...graph.input, ...graph.output, ...graph.valueInfo]) widenType(type);
    widenNodes(graph.node);
  };
  if (model.graph !== undefined) widenGraph(model.graph);
  for (const { node } of model.functions) widenNodes(node);
}

/** The values of a tensor of 16-bit floats: raw bytes, or one in each of its integers. */
function sixteenBits({ rawData, int32Data }: TensorProto): number[] {
  if (rawData.byteLength === 0) return int32Data;
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Array.from({ length: rawData.byteLength / 2 }, (_, i) => view.getUint16(2 * i, true));
}

function bfloat16Value(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(2, bits, true);
  return view.getFloat32(0, true);
}
