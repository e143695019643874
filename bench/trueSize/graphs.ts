/**
 * Checks full-size graphs without their weights. The position of each initializer is compared with the headers of the
 * stored shards, and ONNX Runtime creates a session of the graph with its weights as inputs: it infers every type and
 * shape, finds a kernel for every node on the GPU (none may fall back to the CPU), and loads nothing.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { InternalError } from '../../src/contract/errors';
import {
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
} from '../../src/graph/onnx/generated/onnx_pb';
import { elementOf, storedBytes, valueInfo } from '../../src/graph/onnx/proto';
import type { Graph } from '../../src/graph/onnx/types';
import { parseSafetensorsHeader, type StoredTensor } from '../../src/model/checkpoint/safetensors';
import { Runtime, Session } from '../../src/model/runtime/session';
import type { WeightFile } from '../../src/model/weights/componentWeights';

export interface CheckedGraph {
  nodes: number;
  /** Initializers stored in shards, and their bytes. */
  tensors: number;
  bytes: number;
  shards: number;
  /** From ONNX Runtime: the outputs' shapes, with names for sizes known only at run time. */
  outputs: Record<string, readonly (number | string)[]>;
  seconds: number;
}

const CHECKED = 'the graph was only checked';

/** Gets the graphs that the engine builds, and returns sessions that cannot run. */
export class GraphChecker extends Runtime {
  readonly checked: Record<string, CheckedGraph> = {};

  override async createSession(
    component: string,
    graph: Graph,
    files: ReadonlyMap<string, WeightFile>,
  ): Promise<Session> {
    const started = performance.now();
    const model = fromBinary(ModelProtoSchema, graph.bytes);
    const { graph: proto } = model;
    if (proto === undefined) throw new Error(`${component}: a model without a graph`);
    const isExternal = ({ dataLocation }: TensorProto) => dataLocation === TensorProto_DataLocation.EXTERNAL;
    const external = proto.initializer.filter(isExternal);

    // 1. Every initializer against the shard that it points into
    const shards = await readShards(files);
    for (const tensor of external) checkPlace(component, tensor, shards);

    // 2. ONNX Runtime on the graph, with the weights as inputs
    proto.initializer = proto.initializer.filter((tensor) => !isExternal(tensor));
    proto.input.push(
      ...external.map(({ name, dataType: type, dims }) => valueInfo(name, elementOf(type), dims.map(Number))),
    );
    const session = await this.ort.InferenceSession.create(
      toBinary(ModelProtoSchema, create(ModelProtoSchema, model)),
      {
        executionProviders: [this.device ? { name: 'webgpu', device: this.device } : { name: 'wasm' }],
        graphOptimizationLevel: 'all',
        extra: { session: { disable_cpu_ep_fallback: '1' } },
        logSeverityLevel: 3,
      },
    );
    const outputs = Object.fromEntries(
      session.outputMetadata.map((output) => [output.name, output.isTensor ? output.shape : []]),
    );
    await session.release();
    const checked: CheckedGraph = {
      nodes: proto.node.length,
      tensors: external.length,
      bytes: external.reduce((sum, tensor) => sum + bytesOf(tensor), 0),
      shards: new Set(external.map((tensor) => placeOf(tensor).location)).size,
      outputs,
      seconds: (performance.now() - started) / 1000,
    };
    this.checked[component] = checked;
    console.log(`${component}: ${JSON.stringify(checked)}`);
    return new Session(this, component, 0, () => Promise.reject(new InternalError(CHECKED)));
  }
}

/** Ignores the failure that a graph check ends with. @throws any other error */
export function passChecked(error: unknown): Float32Array {
  if (error instanceof InternalError && error.message === CHECKED) return new Float32Array();
  throw error;
}

type Shards = ReadonlyMap<string, ReadonlyMap<string, StoredTensor>>;

async function readShards(files: ReadonlyMap<string, WeightFile>): Promise<Shards> {
  const shards = new Map<string, ReadonlyMap<string, StoredTensor>>();
  for (const [path, file] of files) {
    if (!(file instanceof Blob)) throw new Error(`${path}: stored in another precision than its graph's`);
    const start = new DataView(await file.slice(0, 8).arrayBuffer());
    const header = new Uint8Array(await file.slice(0, 8 + Number(start.getBigUint64(0, true))).arrayBuffer());
    shards.set(path, parseSafetensorsHeader(header, file.size, path));
  }
  return shards;
}

/** @throws if the shard has a different tensor there, or none */
function checkPlace(component: string, tensor: TensorProto, shards: Shards): void {
  const { location, offset, length } = placeOf(tensor);
  const [, key = '', from, to] = /^(.*)\[(?:(\d+):(\d+)|[\d,]*)\]$/.exec(tensor.name) ?? [];
  const stored = shards.get(location)?.get(key);
  // Some initializers are rows of a tensor.
  const rows = stored?.shape[0] ?? 1;
  const share = from === undefined ? 1 : (Number(to) - Number(from)) / rows;
  const skipped = from === undefined ? 0 : (Number(from) / rows) * (stored?.length ?? 0);
  const isThere =
    stored !== undefined &&
    stored.offset + skipped === offset &&
    stored.length * share === length &&
    length === bytesOf(tensor) &&
    stored.dtype === (elementOf(tensor.dataType) === 'float16' ? 'F16' : 'F32') &&
    stored.shape.reduce((product, size) => product * size, share) ===
      tensor.dims.reduce((product, size) => product * Number(size), 1);
  if (isThere) return;
  const found = stored === undefined ? 'nothing' : JSON.stringify(stored);
  throw new Error(
    `${component}: ${tensor.name} at ${location} ${offset} + ${length}, where there is ${found}`,
  );
}

function placeOf({ externalData }: TensorProto): { location: string; offset: number; length: number } {
  const entry = (key: string) => externalData.find((candidate) => candidate.key === key)?.value ?? '';
  return { location: entry('location'), offset: Number(entry('offset')), length: Number(entry('length')) };
}

function bytesOf({ dims, dataType: type }: TensorProto): number {
  return dims.reduce((product, size) => product * Number(size), storedBytes(elementOf(type)));
}
