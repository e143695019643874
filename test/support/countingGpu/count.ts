/** What one call of each of a model's networks asks of a GPU. */
import type * as Ort from 'onnxruntime-web';
import { readModel } from '../../../src/graph/onnx/proto';
import type { TensorSource } from '../../../src/graph/onnx/tensors';
import {
  type Graph,
  type GraphTarget,
  type Precision,
  storedAs,
  storedSize,
} from '../../../src/graph/onnx/types';
import type { Dims } from '../../../src/model/blueprint';
import { describeModel } from '../../../src/model/describeModel';
import type { CheckpointFiles } from '../../../src/model/files';
import { webgpuTarget } from '../webgpuGraph';
import type { CountingGpu } from './runtime';
import type { Figures } from './tally';

export interface CountedNetwork extends Figures {
  /** As the model calls it, e.g. `vae decoder`. */
  network: string;
  nodes: number;
}

/**
 * The second call of each network: the first one makes the pipelines, which are counted with it, and fills the pools of
 * buffers.
 * @param files with the model's configurations; its weights are not read
 * @param side of the image in pixels
 */
export async function* countNetworks(
  gpu: CountingGpu,
  files: CheckpointFiles,
  side: number,
): AsyncGenerator<CountedNetwork> {
  const { parts } = await describeModel(files);
  for (const part of parts) {
    const precision = part.weights.precision('fp16');
    // The forms of a card on which every one of them is right.
    const target: GraphTarget = webgpuTarget(precision, true);
    const weights = zeroWeights(precision);
    const source = { tensors: weights.tensors };
    const graph = part.build(source, target);
    const dims = part.dims({ width: side, height: side, chunks: 1 }, source);
    yield { network: part.name, ...(await countCall(gpu, graph, weights.file(), dims)) };
  }
}

const ZEROS = 'zeros';
/** Tensors of old files, beside which those of new ones would be there twice. */
const OLD_NAMES = /\.(query|key|value|proj_attn)\./;

/** Every tensor that a graph asks for, all of them the same zeros: 5 GB of weights take what the largest takes. */
function zeroWeights(precision: Precision): {
  tensors: TensorSource;
  file(): Uint8Array<ArrayBuffer>;
} {
  const dtype = storedAs[precision];
  let largest = 0;
  return {
    tensors: {
      has: (key) => !OLD_NAMES.test(key),
      take(_key, shape) {
        const length = storedSize(dtype, shape);
        largest = Math.max(largest, length);
        return { dtype, shape, path: ZEROS, offset: 0, length };
      },
      finish() {},
    },
    file: () => new Uint8Array(largest),
  };
}

async function countCall(
  { ort, device, tally }: CountingGpu,
  graph: Graph,
  zeros: Uint8Array<ArrayBuffer>,
  dims: Dims,
): Promise<Omit<CountedNetwork, 'network'>> {
  const { nodes, inputs } = readModel(graph.bytes);
  const feeds = Object.fromEntries(
    inputs.map(({ name, element, dims: shape }) => [name, feed(ort, element, sized(shape, dims))]),
  );
  const session = await ort.InferenceSession.create(graph.bytes, {
    executionProviders: [{ name: 'webgpu', device }],
    externalData: [{ path: ZEROS, data: zeros }],
    extra: { session: { disable_cpu_ep_fallback: '1' } },
    logSeverityLevel: 3,
  });
  const call = async () => {
    tally.restart();
    for (const output of Object.values(await session.run(feeds))) output.dispose();
    return tally.figures();
  };
  const { pipelines, peakBytes } = await call();
  const { peakBytes: again, ...figures } = await call();
  await session.release();
  return { nodes: nodes.length, ...figures, pipelines, peakBytes: Math.max(peakBytes, again) };
}

function sized(shape: readonly (number | string)[], dims: Dims): number[] {
  return shape.map((size) => {
    const known = typeof size === 'number' ? size : dims[size];
    if (known === undefined) throw new Error(`no size for the dimension ${size}`);
    return known;
  });
}

function feed(ort: typeof Ort, element: string, shape: number[]): Ort.Tensor {
  const length = shape.reduce((product, size) => product * size, 1);
  return element === 'int32'
    ? new ort.Tensor('int32', new Int32Array(length), shape)
    : new ort.Tensor('float32', new Float32Array(length), shape);
}
