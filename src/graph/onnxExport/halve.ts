/** Stores an export's weights in 16 bits, for half the download: it stays an ONNX model that computes in float32. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
} from '../onnx/generated/onnx_pb';
import { halfBits, nodeProto } from '../onnx/proto';
import { GraphError } from '../onnx/tensors';

const { FLOAT, FLOAT16 } = TensorProto_DataType;
/** Smaller tensors are scales and shapes: they stay as they are. */
const SMALLEST_BYTES = 1024;

/**
 * Each large float32 tensor becomes a float16 one with a Cast behind it, which ONNX Runtime computes once, when it opens the
 * model. Values beyond what float16 holds are left in float32.
 */
export function halveWeights(bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const { graph } = model;
  if (graph === undefined) throw new GraphError('a model without a graph');
  const casts = [];
  for (const tensor of graph.initializer) {
    const halved = halve(tensor);
    if (halved === undefined) continue;
    const { name } = tensor;
    tensor.name = `${name}/half`;
    tensor.dataType = FLOAT16;
    tensor.rawData = halved;
    casts.push(nodeProto('Cast', '', `${name}/widened`, [tensor.name], [name], { to: FLOAT }));
  }
  for (const node of graph.node) {
    if (node.opType !== 'Constant') continue;
    const value = node.attribute.find(({ name }) => name === 'value')?.t;
    const halved = value && halve(value);
    const [name] = node.output;
    if (value === undefined || halved === undefined || name === undefined) continue;
    value.dataType = FLOAT16;
    value.rawData = halved;
    node.output = [`${name}/half`];
    casts.push(nodeProto('Cast', '', `${name}/widened`, [`${name}/half`], [name], { to: FLOAT }));
  }
  // Constants come first in exports, but nothing says so: each Cast goes right behind what it widens.
  const behind = new Map(casts.map((cast) => [cast.input[0], cast]));
  const ofWeights = casts.filter((cast) => graph.initializer.some(({ name }) => name === cast.input[0]));
  const others = graph.node.flatMap((node) => {
    const cast = behind.get(node.output[0]);
    return cast === undefined ? [node] : [node, cast];
  });
  graph.node = [...ofWeights, ...others].map((node) => create(NodeProtoSchema, node));
  return toBinary(ModelProtoSchema, model);
}

/** @returns undefined if it is small, of another type, or has values that float16 lacks */
function halve({ dataType, rawData }: TensorProto): Uint8Array<ArrayBuffer> | undefined {
  if (dataType !== FLOAT || rawData.byteLength < SMALLEST_BYTES) return undefined;
  const source = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  const target = new DataView(new ArrayBuffer(rawData.byteLength / 2));
  for (let i = 0; i < rawData.byteLength / 4; i++) {
    const value = source.getFloat32(4 * i, true);
    const bits = halfBits(value);
    if ((bits & 0x7c00) === 0x7c00) return undefined;
    target.setUint16(2 * i, bits, true);
  }
  return new Uint8Array(target.buffer);
}
