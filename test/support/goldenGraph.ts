/** Golden models and values from disk, and graphs run on ONNX Runtime's WASM provider. */
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import type { Graph, TensorEntry } from '../../src/graph/onnx/types';
import { parseSafetensorsHeader } from '../../src/model/checkpoint/safetensors';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

export const goldenModels = ['sd15-inpaint', 'sd2-inpaint', 'sd15', 'sdxl-inpaint', 'sdxl'] as const;
export type GoldenModel = (typeof goldenModels)[number];

export interface Tensor {
  dims: readonly number[];
  values: Float32Array | Int32Array;
}

export interface Weights {
  index: Map<string, TensorEntry>;
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

const stems = {
  text_encoder: 'model',
  text_encoder_2: 'model',
  unet: 'diffusion_pytorch_model',
  vae: 'diffusion_pytorch_model',
};

function golden(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../../goldens/${path}`, import.meta.url)));
}

export function goldenConfig(model: GoldenModel, component: keyof typeof stems): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(golden(`models/${model}/${component}/config.json`)));
}

export function goldenWeights(model: GoldenModel, component: keyof typeof stems): Weights {
  const path = `${model}/${component}.safetensors`;
  const bytes = golden(`models/${model}/${component}/${stems[component]}.safetensors`);
  const index = new Map<string, TensorEntry>();
  for (const [key, { shape, offset, length }] of parseSafetensorsHeader(bytes, bytes.length, path)) {
    index.set(key, { dtype: 'F32', shape, offset, length, path });
  }
  return { index, files: new Map([[path, bytes]]) };
}

/** @param file name without extension under goldens/values */
export function goldenValues(file: string): (name: string) => Tensor {
  const bytes = golden(`values/${file}.safetensors`);
  const stored = parseSafetensorsHeader(bytes, bytes.length, file);
  return (name) => {
    const tensor = stored.get(name);
    if (tensor === undefined) throw new Error(`${file} has no "${name}"`);
    const data = bytes.slice(tensor.offset, tensor.offset + tensor.length).buffer;
    const values = tensor.dtype === 'I32' ? new Int32Array(data) : new Float32Array(data);
    return { dims: tensor.shape, values };
  };
}

/** Reproducible values without a golden file, from a linear congruential generator: −1 … 1. */
export function pseudoRandom(dims: readonly number[], seed: number): Tensor {
  let state = seed;
  const values = Float32Array.from({ length: dims.reduce((product, size) => product * size, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return { dims, values };
}

export interface RunningGraph {
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** Feeds and outputs as plain tensors. @param runtime the instance of ONNX Runtime that created the session */
export function runs(
  runtime: Pick<typeof ort, 'Tensor'>,
  session: ort.InferenceSession,
): Pick<RunningGraph, 'run'> {
  return {
    async run(feeds) {
      const inputs = Object.entries(feeds).map(([name, { dims, values }]) => {
        const tensor =
          values instanceof Int32Array
            ? new runtime.Tensor('int32', values, dims)
            : new runtime.Tensor('float32', values, dims);
        return [name, tensor] as const;
      });
      const outputs = await session.run(Object.fromEntries(inputs));
      return Object.fromEntries(
        Object.entries(outputs).map(([name, { dims, data }]) => {
          if (!(data instanceof Float32Array)) throw new Error(`${name} is not float32`);
          return [name, { dims, values: data }] as const;
        }),
      );
    },
  };
}

export async function openGraph(graph: Graph, files: Weights['files']): Promise<RunningGraph> {
  const externalData = graph.paths.map((path) => {
    const data = files.get(path);
    if (data === undefined) throw new Error(`no bytes for ${path}`);
    return { path, data };
  });
  const session = await ort.InferenceSession.create(graph.bytes, {
    executionProviders: ['wasm'],
    externalData,
  });
  return { ...runs(ort, session), release: () => session.release() };
}

/** Runs a graph once and returns one of its outputs. */
export async function runOnce(
  graph: Graph,
  files: Weights['files'],
  feeds: Readonly<Record<string, Tensor>>,
  output: string,
): Promise<Tensor> {
  const running = await openGraph(graph, files);
  try {
    const result = (await running.run(feeds))[output];
    if (result === undefined) throw new Error(`no output "${output}"`);
    return result;
  } finally {
    await running.release();
  }
}

/** The largest absolute difference; infinite if shapes differ or a value is not a number. */
export function maxError(found: Tensor, expected: Tensor): number {
  if (found.dims.join() !== expected.dims.join()) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const [index, value] of expected.values.entries()) {
    const difference = Math.abs((found.values[index] ?? Number.NaN) - value);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}
