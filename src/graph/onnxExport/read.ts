/**
 * Reads an ONNX model of any size: its graph into memory, of its weights only where they are. The library's own wire
 * reader takes the fields apart; the bytes of large tensors are stepped over and never read.
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
} from '../onnx/generated/onnx_pb';
import { GraphError } from '../onnx/tensors';

/** A file that can be read anywhere. */
export interface RandomReader {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

export type ExportedType = 'F32' | 'F16' | 'BF16';

/** A tensor too large to be in the graph. */
export interface ExportedTensor {
  name: string;
  type: ExportedType;
  shape: readonly number[];
  file: RandomReader;
  /** Bytes from the beginning of the file. */
  offset: number;
  /** Bytes. */
  length: number;
}

/** An exported graph without its weights. */
export interface ExportedModel {
  /** ModelProto: every tensor of `tensors` is an initializer without values. */
  skeleton: Uint8Array<ArrayBuffer>;
  tensors: readonly ExportedTensor[];
}

/** Fields of the messages that are taken apart (onnx.proto). */
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const TENSOR_FLOATS = 4;
const TENSOR_RAW = 9;

/** Tensors from this size on are weights; smaller ones stay in the graph. */
const WEIGHT_BYTES = 1024;
/** A graph of the largest SDXL network has 10 MB. */
const MAX_GRAPH_BYTES = 2 ** 27;
/** Integers in the graph itself. */
const MAX_CONSTANT_BYTES = 2 ** 24;

/** Operators of a graph; published: 11,000 of an SDXL network. */
const MAX_NODES = 200_000;
const GRAPH_NODE = 1;

const weightTypes = new Map<number, { type: ExportedType; bytes: number }>([
  [TensorProto_DataType.FLOAT, { type: 'F32', bytes: 4 }],
  [TensorProto_DataType.FLOAT16, { type: 'F16', bytes: 2 }],
  [TensorProto_DataType.BFLOAT16, { type: 'BF16', bytes: 2 }],
]);

/**
 * @param file the `model.onnx`
 * @param beside the file of external data by the name that the model gives it; undefined if there is none
 * @throws GraphError if it is not an ONNX model, is damaged, or holds weights of a type that cannot be run
 */
export async function readExported(
  file: RandomReader,
  beside: (location: string) => Promise<RandomReader | undefined>,
): Promise<ExportedModel> {
  const windowed = new Windowed(file);
  const found: Found[] = [];
  let kept = 0;
  /** Before they are read: what a field claims may be as long as the file. */
  const claim = (bytes: number): void => {
    kept += bytes;
    if (kept > MAX_GRAPH_BYTES) {
      throw new GraphError(`${file.name}: its graph has more than ${MAX_GRAPH_BYTES} bytes; it is damaged`);
    }
  };
  const keep = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
    claim(bytes.byteLength);
    return bytes;
  };
  const part = ({ start, end }: Field): Promise<Uint8Array<ArrayBuffer>> => {
    claim(end - start);
    return windowed.read(start, end);
  };
  let nodeCount = 0;

  // 1. Take it apart
  const modelParts: Uint8Array[] = [];
  const graphParts: Uint8Array[] = [];
  await windowed.fields(0, file.size, async (field) => {
    if (field.number !== MODEL_GRAPH) {
      modelParts.push(await part(field));
      return;
    }
    await windowed.fields(field.content, field.end, async (inner) => {
      if (inner.number === GRAPH_INITIALIZER) found.push(await readTensor(windowed, inner, keep));
      else {
        if (inner.number === GRAPH_NODE && ++nodeCount > MAX_NODES) {
          throw new GraphError(
            `${file.name}: its graph has more than the ${MAX_NODES} operators that any network has; it is damaged`,
          );
        }
        graphParts.push(await part(inner));
      }
    });
  });
  const { model, graph } = parse(file, modelParts, graphParts);
  if (graph.node.length === 0)
    throw new GraphError(`${file.name}: this is not an ONNX model, or it is empty`);

  // 2. Which tensors are weights
  const tensors: ExportedTensor[] = [];
  const settle = async (
    tensor: TensorProto,
    inline?: { offset: number; length: number },
  ): Promise<TensorProto> => {
    const place = inline === undefined ? await placeOf(tensor, file, beside) : { file, ...inline };
    if (place === undefined) return tensor;
    const weight = weightOf(tensor, place, file.name);
    tensor.externalData = [];
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
    if (weight !== undefined) {
      tensors.push(weight);
      return tensor;
    }
    tensor.rawData = keep(await place.file.read(place.offset, place.length));
    return tensor;
  };
  for (const { tensor, inline } of found) graph.initializer.push(await settle(tensor, inline));
  const nodes: NodeProto[] = [];
  for (const node of graph.node) {
    const value =
      node.opType === 'Constant' ? node.attribute.find(({ name }) => name === 'value')?.t : undefined;
    // Some exporters move the values of constants out as well. An initializer is the same, and can be moved.
    if (value?.dataLocation === TensorProto_DataLocation.EXTERNAL) {
      value.name = node.output[0] ?? '';
      graph.initializer.push(await settle(value));
    } else nodes.push(node);
  }
  graph.node = nodes;
  return { skeleton: toBinary(ModelProtoSchema, model), tensors };
}

interface Field {
  number: number;
  wireType: WireType;
  /** Byte of the file at which the field begins, its content begins, and it ends. */
  start: number;
  content: number;
  end: number;
}

interface Found {
  tensor: TensorProto;
  /** Its values in the model's own file; absent if they are in `tensor` or in another file. */
  inline?: { offset: number; length: number };
}

async function readTensor(
  windowed: Windowed,
  field: Field,
  keep: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
): Promise<Found> {
  const parts: Uint8Array[] = [];
  let inline: Found['inline'];
  await windowed.fields(field.content, field.end, async (inner) => {
    const length = inner.end - inner.content;
    const isValues = inner.number === TENSOR_RAW || inner.number === TENSOR_FLOATS;
    if (isValues && inner.wireType === WireType.LengthDelimited && length >= WEIGHT_BYTES) {
      // Packed floats have the bytes of raw ones.
      inline = { offset: inner.content, length };
    } else parts.push(keep(await windowed.read(inner.start, inner.end)));
  });
  const tensor = damaged(windowed.file, () => fromBinary(TensorProtoSchema, concat(parts)));
  tensor.docString = '';
  return inline === undefined ? { tensor } : { tensor, inline };
}

function parse(
  file: RandomReader,
  modelParts: readonly Uint8Array[],
  graphParts: readonly Uint8Array[],
): { model: ModelProto; graph: NonNullable<ModelProto['graph']> } {
  return damaged(file, () => {
    const model = fromBinary(ModelProtoSchema, concat(modelParts));
    const graph = fromBinary(GraphProtoSchema, concat(graphParts));
    // Shapes are inferred again; where each node stood in somebody's Python is of no use here.
    graph.valueInfo = [];
    graph.metadataProps = [];
    for (const node of graph.node) {
      node.metadataProps = [];
      node.docString = '';
    }
    model.graph = graph;
    model.metadataProps = [];
    return { model, graph };
  });
}

/** Where a tensor's values are if not in the model's own file. */
async function placeOf(
  tensor: TensorProto,
  file: RandomReader,
  beside: (location: string) => Promise<RandomReader | undefined>,
): Promise<{ file: RandomReader; offset: number; length: number } | undefined> {
  if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) return undefined;
  const entry = (key: string) => tensor.externalData.find((entry) => entry.key === key)?.value;
  const location = entry('location') ?? '';
  // A path could lead out of the model's folder.
  const data = /^[^/\\]+$/.test(location) && location !== '..' ? await beside(location) : undefined;
  if (data === undefined) {
    throw new GraphError(
      `${file.name}: the values of "${tensor.name}" are in "${location}", which is missing beside it`,
    );
  }
  const offset = Number(entry('offset') ?? 0);
  const length = Number(entry('length') ?? data.size - offset);
  if (!Number.isSafeInteger(offset) || !(length >= 0) || offset < 0 || offset + length > data.size) {
    throw new GraphError(
      `${data.name}: "${tensor.name}" ends past the end of the file (bytes ${offset} to ${offset + length} of ` +
        `${data.size}); delete the file and download it again`,
    );
  }
  return { file: data, offset, length };
}

/** @returns undefined for what is in the graph: integers, and values that are few */
function weightOf(
  { name, dataType, dims }: TensorProto,
  place: { file: RandomReader; offset: number; length: number },
  model: string,
): ExportedTensor | undefined {
  const shape = dims.map(Number);
  const weight = weightTypes.get(dataType);
  if (weight === undefined) {
    if (place.length <= MAX_CONSTANT_BYTES) return undefined;
    const type = TensorProto_DataType[dataType] ?? String(dataType);
    throw new GraphError(
      `${model}: the weights "${name}" are of type ${type}: quantised exports are not supported; ` +
        'name an export in float32 or float16',
    );
  }
  const expected = shape.reduce((product, size) => product * size, weight.bytes);
  if (expected !== place.length) {
    throw new GraphError(
      `${place.file.name}: "${name}" of shape [${shape}] needs ${expected} bytes but has ${place.length}; it is damaged`,
    );
  }
  return expected < WEIGHT_BYTES ? undefined : { name, type: weight.type, shape, ...place };
}

const FIRST_WINDOW = 2 ** 16;
const LARGEST_WINDOW = 2 ** 22;
/** Tag and length of a field. */
const MAX_HEAD = 20;

/** Reads small pieces out of larger ones, which grow while reading continues without a jump. */
class Windowed {
  #start = 0;
  #bytes = new Uint8Array(0);
  #ahead = FIRST_WINDOW;

  constructor(readonly file: RandomReader) {}

  /** Bytes `from` … `to`. A copy. */
  async read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    const end = this.#start + this.#bytes.byteLength;
    if (from < this.#start || to > end) {
      this.#ahead =
        from <= end && from >= this.#start ? Math.min(LARGEST_WINDOW, this.#ahead * 2) : FIRST_WINDOW;
      const length = Math.min(this.file.size - from, Math.max(to - from, this.#ahead));
      this.#bytes = await this.file.read(from, length);
      this.#start = from;
    }
    return this.#bytes.slice(from - this.#start, to - this.#start);
  }

  /** The fields of the message that fills `from` … `to`, one after another. */
  async fields(from: number, to: number, visit: (field: Field) => Promise<void>): Promise<void> {
    let start = from;
    while (start < to) {
      const head = await this.read(start, Math.min(to, start + MAX_HEAD));
      const field = damaged(this.file, () => fieldAt(head, start));
      if (field.end > to || field.number === 0) throw damage(this.file);
      await visit(field);
      start = field.end;
    }
  }
}

function fieldAt(head: Uint8Array, start: number): Field {
  const reader = new BinaryReader(head);
  const [number, wireType] = reader.tag();
  if (wireType === WireType.LengthDelimited) {
    const length = reader.uint32();
    const content = start + reader.pos;
    return { number, wireType, start, content, end: content + length };
  }
  const content = start + reader.pos;
  reader.skip(wireType, number);
  return { number, wireType, start, content, end: start + reader.pos };
}

function damaged<Result>(file: RandomReader, work: () => Result): Result {
  try {
    return work();
  } catch {
    throw damage(file);
  }
}

function damage(file: RandomReader): GraphError {
  return new GraphError(
    `${file.name}: this is not an ONNX model, or it is damaged or cut short; delete the file and download it again`,
  );
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
