/**
 * The true configurations of published checkpoints: their graphs ask for exactly the parameters that the files
 * hold. Counts: diffusers 0.36.0 and transformers 4.57.6, `sum(p.numel() for p in model.parameters())`.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { parseVaeConfig } from '../model/configs/autoencoderKl';
import { parseClipTextConfig } from '../model/configs/clipText';
import { parseUnet2dConfig } from '../model/configs/unet2d';
import { buildVaeDecoder, buildVaeEncoder } from './networks/autoencoderKl';
import { buildClipText } from './networks/clipText';
import { buildUnet2d } from './networks/unet2d';
import { ModelProtoSchema } from './onnx/generated/onnx_pb';
import { wasmTarget } from './onnx/targets';
import { type RecordedTensors, recordTensors } from './onnx/tensors';
import type { Graph, GraphTarget } from './onnx/types';

const sd15Unet = {
  in_channels: 4,
  attention_head_dim: 8,
  block_out_channels: [320, 640, 1280, 1280],
  cross_attention_dim: 768,
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
};
const sd2Unet = {
  ...sd15Unet,
  in_channels: 9,
  attention_head_dim: [5, 10, 20, 20],
  cross_attention_dim: 1024,
  use_linear_projection: true,
};
const sdxlUnet = {
  addition_embed_type: 'text_time',
  addition_time_embed_dim: 256,
  attention_head_dim: [5, 10, 20],
  block_out_channels: [320, 640, 1280],
  class_embed_type: null,
  cross_attention_dim: 2048,
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
  up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  in_channels: 4,
  projection_class_embeddings_input_dim: 2816,
  transformer_layers_per_block: [1, 2, 10],
  use_linear_projection: true,
};
const vae = {
  block_out_channels: [128, 256, 512, 512],
  down_block_types: new Array<string>(4).fill('DownEncoderBlock2D'),
  up_block_types: new Array<string>(4).fill('UpDecoderBlock2D'),
  layers_per_block: 2,
};
const clipL = { hidden_size: 768, intermediate_size: 3072, num_hidden_layers: 12, num_attention_heads: 12 };
const clipG = {
  architectures: ['CLIPTextModelWithProjection'],
  hidden_size: 1280,
  intermediate_size: 5120,
  num_hidden_layers: 32,
  num_attention_heads: 20,
  hidden_act: 'gelu',
  projection_dim: 1280,
};

const webgpuTarget: GraphTarget = {
  provider: 'webgpu',
  precision: 'fp16',
  forms: { multiHeadAttention: true, groupNorm: true, biasSplitGelu: true },
};

function parameters(...recorded: RecordedTensors[]): number {
  const shapes = new Map(recorded.flatMap(({ shapes }) => [...shapes]));
  return [...shapes.values()].reduce(
    (sum, shape) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
}

describe('parameters', () => {
  it.each([
    ['SD 1.5', sd15Unet, 859_520_964],
    ['SD 1.5 inpainting', { ...sd15Unet, in_channels: 9 }, 859_535_364],
    ['SD 2 inpainting', sd2Unet, 865_925_124],
    ['SDXL', sdxlUnet, 2_567_463_684],
  ])('of the UNet of %s', (_, json, expected) => {
    const tensors = recordTensors('fp16');
    buildUnet2d(parseUnet2dConfig(json), tensors, webgpuTarget);
    expect(parameters(tensors)).toBe(expected);
  });

  it.each([
    ['CLIP-L', clipL, false, 123_060_480],
    ['SDXL’s second encoder', clipG, true, 694_659_840],
  ])('of %s', (_, json, pooled, expected) => {
    const tensors = recordTensors('fp16');
    buildClipText(parseClipTextConfig(json), tensors, webgpuTarget, { hiddenState: 'last', pooled });
    expect(parameters(tensors)).toBe(expected);
  });

  it('of the autoencoder', () => {
    const [encoder, decoder] = [recordTensors('fp32'), recordTensors('fp32')];
    buildVaeEncoder(parseVaeConfig(vae), encoder, wasmTarget);
    buildVaeDecoder(parseVaeConfig(vae), decoder, wasmTarget);
    expect(parameters(encoder, decoder)).toBe(83_653_863);
  });
});

describe('weights', () => {
  const graphs: [string, (target: GraphTarget) => Graph][] = [
    [
      'text encoder',
      (target) => buildClipText(parseClipTextConfig(clipL), recordTensors(target.precision), target),
    ],
    [
      'UNet',
      (target) =>
        buildUnet2d(
          parseUnet2dConfig({ ...sd15Unet, in_channels: 9 }),
          recordTensors(target.precision),
          target,
        ),
    ],
    [
      'VAE encoder',
      (target) => buildVaeEncoder(parseVaeConfig(vae), recordTensors(target.precision), target),
    ],
    [
      'VAE decoder',
      (target) => buildVaeDecoder(parseVaeConfig(vae), recordTensors(target.precision), target),
    ],
  ];

  // An operator all of whose inputs are constant is folded when the session is created, which copies its weight
  // to the CPU's memory.
  it.each(graphs)('of the %s are read by no operator that could be folded', (_, build) => {
    for (const target of [wasmTarget, webgpuTarget]) {
      const { graph } = fromBinary(ModelProtoSchema, build(target).bytes);
      const initializers = graph?.initializer ?? [];
      const bytes = new Map(
        initializers.map(({ name, externalData, rawData }) => {
          const length = externalData.find(({ key }) => key === 'length')?.value;
          return [name, Number(length ?? rawData.length)];
        }),
      );
      const constant = new Set(bytes.keys());
      for (const node of graph?.node ?? []) {
        const inputs = node.input.filter((name) => name !== '');
        if (!inputs.every((name) => constant.has(name))) continue;
        const total = inputs.reduce((sum, name) => sum + (bytes.get(name) ?? 0), 0);
        // The padded first layer: 9 × 320 × 3 × 3 values at most.
        expect(total, node.name).toBeLessThan(110_000);
        for (const name of node.output) {
          constant.add(name);
          bytes.set(name, total);
        }
      }
    }
  });

  it.each(graphs)('of the %s lie outside of the graph', (_, build) => {
    expect(build(webgpuTarget).bytes.length).toBeLessThan(1_000_000);
  });

  it('of a first layer with nine channels are padded to twelve on WebGPU, and nowhere else', () => {
    const config = parseUnet2dConfig({ ...sd15Unet, in_channels: 9 });
    const padded = (target: GraphTarget) =>
      (
        fromBinary(ModelProtoSchema, buildUnet2d(config, recordTensors(target.precision), target).bytes).graph
          ?.node ?? []
      )
        .filter(({ name }) => name.startsWith('conv_in/'))
        .map(({ opType }) => opType);
    expect(padded(webgpuTarget)).toEqual(['Pad', 'Pad', 'Conv']);
    expect(padded(wasmTarget)).toEqual(['Conv']);
  });
});
