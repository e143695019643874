import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { loadDiffusion } from '../../test/support/loadDiffusion';
import { ModelProtoSchema } from '../graph/onnx/generated/onnx_pb';
import { dataType } from '../graph/onnx/proto';
import { wasmTarget } from '../graph/onnx/targets';
import type { Graph, Precision } from '../graph/onnx/types';
import { folderFiles } from '../node/folder';
import type { CheckpointFiles } from './files';
import { type OrtModule, Runtime, type Session } from './runtime/session';

const call = { signal: new AbortController().signal, onProgress: () => {} };

/** Never runs; collects the graphs for which sessions would be created. */
class GraphCollector extends Runtime {
  readonly graphs = new Map<string, Graph>();

  constructor(precision: Precision) {
    super({} as OrtModule, { ...wasmTarget, precision });
  }

  override createSession(component: string, graph: Graph): Promise<Session> {
    this.graphs.set(component, graph);
    return Promise.reject(new Error('collected'));
  }

  /** The type that a component's weights are read in. */
  weightType(component: string): string | undefined {
    const bytes = this.graphs.get(component)?.bytes;
    if (bytes === undefined) return undefined;
    const initializers = fromBinary(ModelProtoSchema, bytes).graph?.initializer ?? [];
    const external = initializers.filter(({ externalData }) => externalData.length > 0);
    const types = new Set(external.map((tensor) => tensor.dataType));
    return Object.entries(dataType)
      .filter(([, type]) => types.has(type))
      .map(([name]) => name)
      .join();
  }
}

/** The folder's files, some of its configurations changed. */
function changed(folder: string, changes: Record<string, Record<string, unknown>>): CheckpointFiles {
  const files = folderFiles(`goldens/models/${folder}`);
  return {
    name: folder,
    async read(path, options) {
      const bytes = await files.read(path, options);
      if (bytes === undefined || changes[path] === undefined) return bytes;
      const json = { ...JSON.parse(new TextDecoder().decode(bytes)), ...changes[path] };
      return new TextEncoder().encode(JSON.stringify(json));
    },
  };
}

async function weightTypes(files: CheckpointFiles): Promise<(string | undefined)[]> {
  const runtime = new GraphCollector('fp16');
  const model = await loadDiffusion(files, runtime, call);
  const vae = await model.vae();
  const size = { height: 8, width: 8 };
  const asked = [
    ...model.prompts.branches.map(({ encoder }) => encoder()),
    model.denoiser(),
    vae.encode(new Float32Array(), size),
    vae.decode(new Float32Array(), size),
  ];
  await Promise.allSettled(asked);
  return ['text encoder', 'text encoder 2', 'unet', 'vae encoder', 'vae decoder'].map((component) =>
    runtime.weightType(component),
  );
}

describe('loadModel', () => {
  it('runs the autoencoder in float32 on a float16 device where SDXL’s force_upcast is set', async () => {
    const half = ['float16', 'float16', 'float16'];
    expect(await weightTypes(changed('sdxl', {}))).toEqual([...half, 'float32', 'float32']);
    const fixed = changed('sdxl', { 'vae/config.json': { force_upcast: false } });
    expect(await weightTypes(fixed)).toEqual([...half, 'float16', 'float16']);
  });

  it('does not heed force_upcast outside SDXL, as diffusers does not', async () => {
    expect(await weightTypes(changed('sd-turbo', {}))).toEqual([
      'float16',
      undefined,
      'float16',
      'float16',
      'float16',
    ]);
  });

  it('gives SDXL two branches, of which the second pads with "!"', async () => {
    const model = await loadDiffusion(changed('sdxl', {}), new GraphCollector('fp32'), call);
    expect(model.prompts.branches.map(({ tokenizer }) => tokenizer.encode('')[76])).toEqual([999, 0]);
    expect(model.schedulerFile).toBe('as written');
    expect(model.nativeSize).toBe(64);
  });

  it.each([
    ['unet/config.json', { in_channels: 8 }, /UNet takes 8 channels and gives 4.*4 or 9/],
    ['unet/config.json', { cross_attention_dim: 48 }, /text encoders are 40 wide, but its UNet reads .* 48/],
    [
      'unet/config.json',
      { projection_class_embeddings_input_dim: 60 },
      /reads 5 numbers beside .* SDXL has 6/,
    ],
    ['unet/config.json', { addition_embed_type: null }, /UNet lacks SDXL's added embeddings/],
    ['text_encoder_2/config.json', { max_position_embeddings: 64 }, /rows of different length/],
    ['model_index.json', { _class_name: 'FluxPipeline' }, /this is Flux/],
    ['model_index.json', { requires_aesthetics_score: true }, /refiner/],
  ])('refuses %s of %j', async (path, change, message) => {
    const files = changed('sdxl', { [path]: change });
    const refused = loadDiffusion(files, new GraphCollector('fp32'), call);
    await expect(refused).rejects.toMatchObject({ name: 'UnsupportedError' });
    await expect(refused).rejects.toThrow(message);
  });
});
