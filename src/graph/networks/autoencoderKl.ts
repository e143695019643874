/** Stable Diffusion's autoencoder, as diffusers' AutoencoderKL: two graphs from one file of tensors. */

import { normActivate, resnet } from '../layers/layers';
import {
  type Activation,
  convolution,
  groupNorm,
  linear,
  shapedLike,
  slicedAttention,
  toChannelsFirst,
  toChannelsLast,
  toRows,
  upsample,
} from '../layers/nn';
import { GraphBuilder, type Value } from '../onnx/builder';
import { checkpointTensors, type TensorSource } from '../onnx/tensors';
import type { Graph, GraphTarget, TensorIndex } from '../onnx/types';

export interface AutoencoderKlConfig {
  inChannels: number;
  outChannels: number;
  latentChannels: number;
  /** Widths from the pixels' level down to the latents'. */
  blockOutChannels: readonly number[];
  layersPerBlock: number;
  act: Activation;
  normGroups: number;
  midBlockAttention: boolean;
  quantConv: boolean;
  postQuantConv: boolean;
  /** Not part of the graphs: what latents are multiplied by, outside. */
  scalingFactor: number;
  /** The autoencoder overflows in float16. */
  forceUpcast: boolean;
}

const EPSILON = 1e-6;
/** 16 slices: 64 MiB of float32 scores at 1024 px, where all at once would be 1 GiB. */
const ATTENTION_HALVINGS = 4;

/** Input `pixels` [B, 3, H, W] in −1 … 1; output `moments` [B, 2·latent, H/8, W/8]: mean, then log variance. */
export function buildVaeEncoder(
  config: AutoencoderKlConfig,
  tensors: TensorIndex | TensorSource,
  target: GraphTarget,
): Graph {
  const g = builder('vae encoder', tensors, target, /^(decoder|post_quant_conv)\./);
  const { blockOutChannels, layersPerBlock } = config;
  const moments = 2 * config.latentChannels;
  const pixels = g.input('pixels', 'float32', ['batch', config.inChannels, 'height', 'width']);
  const [first = 0] = blockOutChannels;
  const last = blockOutChannels.at(-1) ?? 0;

  let x = g.scope('encoder', () => {
    let hidden = convolution(g, 'conv_in', pixels, { in: config.inChannels, out: first });
    let width = first;
    blockOutChannels.forEach((out, level) => {
      g.scope(`down_blocks.${level}`, () => {
        for (let layer = 0; layer < layersPerBlock; layer++) {
          hidden = vaeResnet(g, `resnets.${layer}`, hidden, width, out, config);
          width = out;
        }
        if (level === blockOutChannels.length - 1) return;
        // Padded below and to the right only.
        hidden = convolution(g, 'downsamplers.0.conv', hidden, {
          in: out,
          out,
          stride: 2,
          pads: [0, 0, 1, 1],
        });
      });
    });
    hidden = midBlock(g, hidden, last, config);
    hidden = normActivate(g, 'conv_norm_out', hidden, outNorm(config, last));
    return convolution(g, 'conv_out', hidden, { in: last, out: moments });
  });
  if (config.quantConv) x = convolution(g, 'quant_conv', x, { in: moments, out: moments, kernel: 1 });
  g.output('moments', x, ['batch', moments, 'latent_height', 'latent_width']);
  return g.finish();
}

/** Input `latents` [B, latent, h, w], unscaled; output `pixels` [B, 3, 8h, 8w], about −1 … 1. */
export function buildVaeDecoder(
  config: AutoencoderKlConfig,
  tensors: TensorIndex | TensorSource,
  target: GraphTarget,
): Graph {
  const g = builder('vae decoder', tensors, target, /^(encoder|quant_conv)\./);
  const { latentChannels } = config;
  const widths = [...config.blockOutChannels].reverse();
  const [first = 0] = widths;
  const last = widths.at(-1) ?? 0;
  let x = g.input('latents', 'float32', ['batch', latentChannels, 'latent_height', 'latent_width']);
  if (config.postQuantConv) {
    x = convolution(g, 'post_quant_conv', x, { in: latentChannels, out: latentChannels, kernel: 1 });
  }
  const pixels = g.scope('decoder', () => {
    let hidden = convolution(g, 'conv_in', x, { in: latentChannels, out: first });
    hidden = midBlock(g, hidden, first, config);
    let width = first;
    widths.forEach((out, level) => {
      g.scope(`up_blocks.${level}`, () => {
        for (let layer = 0; layer <= config.layersPerBlock; layer++) {
          hidden = vaeResnet(g, `resnets.${layer}`, hidden, width, out, config);
          width = out;
        }
        if (level === widths.length - 1) return;
        hidden = convolution(g, 'upsamplers.0.conv', upsample(g, hidden), { in: out, out });
      });
    });
    hidden = normActivate(g, 'conv_norm_out', hidden, outNorm(config, last));
    return convolution(g, 'conv_out', hidden, { in: last, out: config.outChannels });
  });
  g.output('pixels', pixels, ['batch', config.outChannels, 'height', 'width']);
  return g.finish();
}

function builder(
  component: string,
  tensors: TensorIndex | TensorSource,
  target: GraphTarget,
  otherHalf: RegExp,
): GraphBuilder {
  const source =
    'take' in tensors ? tensors : checkpointTensors(component, tensors, target.precision, otherHalf);
  return new GraphBuilder(component, source, target);
}

/** At both ends diffusers has SiLU, whatever `act_fn` says. */
function outNorm(config: AutoencoderKlConfig, channels: number) {
  return { channels, groups: config.normGroups, epsilon: EPSILON, act: 'silu' } as const;
}

function vaeResnet(
  g: GraphBuilder,
  key: string,
  x: Value,
  width: number,
  out: number,
  config: AutoencoderKlConfig,
): Value {
  return resnet(g, key, x, { in: width, out, groups: config.normGroups, epsilon: EPSILON, act: config.act });
}

function midBlock(g: GraphBuilder, x: Value, width: number, config: AutoencoderKlConfig): Value {
  return g.scope('mid_block', () => {
    let hidden = vaeResnet(g, 'resnets.0', x, width, width, config);
    if (config.midBlockAttention) hidden = pictureAttention(g, 'attentions.0', hidden, width, config);
    return vaeResnet(g, 'resnets.1', hidden, width, width, config);
  });
}

/** One head over all positions, added to its input: [B, width, h, w] → the same. */
function pictureAttention(
  g: GraphBuilder,
  key: string,
  x: Value,
  width: number,
  config: AutoencoderKlConfig,
): Value {
  return g.scope(key, () => {
    const normalized = groupNorm(g, 'group_norm', x, {
      channels: width,
      groups: config.normGroups,
      epsilon: EPSILON,
    });
    const picture = toChannelsLast(g, normalized); // [B, h, w, width]
    const tokens = g.node('Reshape', [picture, g.ints(0, -1, width)]); // [B, h·w, width]
    const rows = toRows(g, picture, width);
    // Files from before diffusers 0.17 use the names on the right.
    const project = (name: string, oldName: string, from: Value) =>
      linear(g, g.has(`${oldName}.weight`) && !g.has(`${name}.weight`) ? oldName : name, from, {
        in: width,
        out: width,
      });
    const mixed = slicedAttention(
      g,
      {
        query: shapedLike(g, project('to_q', 'query', rows), tokens, 'tokens'),
        key: shapedLike(g, project('to_k', 'key', rows), tokens, 'tokens'),
        value: shapedLike(g, project('to_v', 'value', rows), tokens, 'tokens'),
      },
      { width, halvings: ATTENTION_HALVINGS },
    );
    const result = project('to_out.0', 'proj_attn', toRows(g, mixed, width));
    return g.node('Add', [toChannelsFirst(g, shapedLike(g, result, picture, 'picture')), x]);
  });
}
