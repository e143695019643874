/** The denoiser, as diffusers' UNet2DConditionModel. */

import { sinusoidal } from '../layers/embeddings';
import { normActivate, resnet } from '../layers/layers';
import { type Activation, activation, convolution, linear, repeatRows, upsample } from '../layers/nn';
import { spatialTransformer } from '../layers/transformer';
import { GraphBuilder, type Value } from '../onnx/builder';
import { checkpointTensors, GraphError, type TensorSource } from '../onnx/tensors';
import type { Graph, GraphTarget, TensorIndex } from '../onnx/types';

export interface UnetBlock {
  out: number;
  layers: number;
  /** Absent in blocks of resnets only. */
  attention?: UnetAttention;
}

export interface UnetAttention {
  heads: number;
  /** Transformer blocks in each transformer. */
  depth: number;
  contextWidth: number;
}

export interface Unet2dConfig {
  inChannels: number;
  outChannels: number;
  /** From the latents' level down; their mirror image goes up, each with one more layer. */
  downBlocks: readonly UnetBlock[];
  upBlocks: readonly UnetBlock[];
  /** Absent: no middle block at all. */
  midBlock?: { attention?: UnetAttention };
  linearProjection: boolean;
  upcastAttention: boolean;
  act: Activation;
  normGroups: number;
  normEpsilon: number;
  downsamplePadding: 0 | 1;
  flipSinToCos: boolean;
  freqShift: number;
  timeEmbeddingWidth: number;
  /** SDXL's size conditioning: pooled text embedding beside sinusoidal embeddings of six numbers. */
  textTime?: { timeWidth: number; inputWidth: number };
  /** Latent consistency models: the guidance comes in that many numbers, and is added before the timestep's first layer. */
  guidanceWidth?: number;
  /** Side in latents that the model was trained at; any other runs too. */
  sampleSize: number;
}

/** Numbers of SDXL's `time_ids`: original size, crop corner, target size. */
export const TIME_IDS = 6;

interface Context {
  config: Unet2dConfig;
  /** Activated time embedding. */
  time: { rows: Value; channels: number };
  /** [B, S, width] */
  text: Value;
}

/**
 * Inputs: `sample` [1 or B, 4, h, w] (all input channels but those of `mask_latents`), `mask_latents`
 * [1 or B, 5, h, w] in models of nine channels, `timestep` [1], `encoder_hidden_states` [B, S, C], and
 * `text_embeds` [B, P] with `time_ids` [B, 6] in SDXL, and `timestep_cond` [1, guidanceWidth] where there is one. A row that comes once serves every row of the text.
 * Output: `prediction` [B, 4, h, w].
 * @throws GraphError if tensors or configuration do not fit
 */
export function buildUnet2d(
  config: Unet2dConfig,
  tensors: TensorIndex | TensorSource,
  target: GraphTarget,
): Graph {
  const source = 'take' in tensors ? tensors : checkpointTensors('unet', tensors, target.precision, /^$/);
  const g = new GraphBuilder('unet', source, target);
  const [first = { out: 0, layers: 0 }] = config.downBlocks;
  const contextWidth = attentionBlocks(config)[0]?.contextWidth ?? 0;

  const sample = g.input('sample', 'float32', ['sample_batch', config.outChannels, 'height', 'width']);
  const mask = maskLatents(g, config);
  const timestep = g.input('timestep', 'float32', [1], true);
  const text = g.input('encoder_hidden_states', 'float32', ['batch', 'tokens', contextWidth]);

  // 1. Time
  const context: Context = { config, text, time: timeEmbedding(g, config, timestep) };

  // 2. First convolution
  const latents = repeatRows(g, sample, text);
  const joined =
    mask === undefined
      ? latents
      : g.node('Concat', [latents, repeatRows(g, mask, text)], { attributes: { axis: 1 } });
  let x = convolution(g, 'conv_in', joined, { in: config.inChannels, out: first.out });

  // 3. Down, keeping what the way up adds
  const skips: Skip[] = [{ value: x, channels: first.out }];
  config.downBlocks.forEach((block, level) => {
    x = g.scope(`down_blocks.${level}`, () => downBlock(g, x, block, skips, context, level));
  });

  // 4. Middle
  const { midBlock } = config;
  const deepest = config.downBlocks.at(-1)?.out ?? 0;
  if (midBlock !== undefined) {
    x = g.scope('mid_block', () => {
      const hidden = unetResnet(g, 'resnets.0', x, deepest, deepest, context);
      if (midBlock.attention === undefined) return hidden;
      const lowest = config.downBlocks.length - 1;
      const attended = transformer(g, 'attentions.0', hidden, deepest, midBlock.attention, context, lowest);
      return unetResnet(g, 'resnets.1', attended, deepest, deepest, context);
    });
  }

  // 5. Up
  let width = deepest;
  config.upBlocks.forEach((block, i) => {
    const level = config.upBlocks.length - 1 - i;
    x = g.scope(`up_blocks.${i}`, () => upBlock(g, x, width, block, skips, context, level));
    width = block.out;
  });

  // 6. Out
  x = normActivate(g, 'conv_norm_out', x, {
    channels: width,
    groups: config.normGroups,
    epsilon: config.normEpsilon,
    act: config.act,
  });
  x = convolution(g, 'conv_out', x, { in: width, out: config.outChannels });
  g.output('prediction', x, ['batch', config.outChannels, 'height', 'width']);
  return g.finish();
}

interface Skip {
  value: Value;
  channels: number;
}

function attentionBlocks(config: Unet2dConfig): UnetAttention[] {
  const blocks = [...config.downBlocks, ...(config.midBlock ? [config.midBlock] : []), ...config.upBlocks];
  return blocks.flatMap((block) => (block.attention === undefined ? [] : [block.attention]));
}

function maskLatents(g: GraphBuilder, config: Unet2dConfig): Value | undefined {
  const extra = config.inChannels - config.outChannels;
  if (extra === 0) return undefined;
  return g.input('mask_latents', 'float32', ['mask_batch', extra, 'height', 'width']);
}

/** [1 or B, timeEmbeddingWidth], activated: every resnet reads it so. */
function timeEmbedding(g: GraphBuilder, config: Unet2dConfig, timestep: Value): Context['time'] {
  const { act, flipSinToCos, freqShift, textTime, guidanceWidth } = config;
  const channels = config.timeEmbeddingWidth;
  const twoLayers = (key: string, rows: Value, width: number, kind: Activation) =>
    g.scope(key, () => {
      const hidden = activation(g, kind, linear(g, 'linear_1', rows, { in: width, out: channels }));
      return linear(g, 'linear_2', hidden, { in: channels, out: channels });
    });
  const width = config.downBlocks[0]?.out ?? 0;
  const steps = g.node('Reshape', [timestep, g.ints(1, 1)]);
  let waves = g.cast(sinusoidal(g, steps, { channels: width, flipSinToCos, freqShift }), g.float);
  if (guidanceWidth !== undefined) {
    const guidance = g.input('timestep_cond', 'float32', [1, guidanceWidth]);
    const options = { in: guidanceWidth, out: width, bias: false };
    waves = g.node('Add', [waves, linear(g, 'time_embedding.cond_proj', guidance, options)]);
  }
  let rows = twoLayers('time_embedding', waves, width, act);
  if (textTime !== undefined) {
    const { timeWidth, inputWidth } = textTime;
    const textWidth = inputWidth - TIME_IDS * timeWidth;
    const embeds = g.input('text_embeds', 'float32', ['batch', textWidth]);
    const ids = g.input('time_ids', 'float32', ['batch', TIME_IDS], true);
    const numbers = g.node('Reshape', [ids, g.ints(-1, 1)]);
    const sizes = g.cast(sinusoidal(g, numbers, { channels: timeWidth, flipSinToCos, freqShift }), g.float);
    const flat = g.node('Reshape', [sizes, g.ints(-1, TIME_IDS * timeWidth)]);
    const both = g.node('Concat', [embeds, flat], { attributes: { axis: 1 } });
    // SiLU whatever `act_fn` says, as diffusers makes it.
    rows = g.node('Add', [twoLayers('add_embedding', both, inputWidth, 'silu'), rows]);
  }
  return { rows: activation(g, act, rows), channels };
}

function downBlock(
  g: GraphBuilder,
  input: Value,
  block: UnetBlock,
  skips: Skip[],
  context: Context,
  level: number,
): Value {
  const { out } = block;
  let x = input;
  let width = skips.at(-1)?.channels ?? 0;
  for (let layer = 0; layer < block.layers; layer++) {
    x = unetResnet(g, `resnets.${layer}`, x, width, out, context);
    width = out;
    if (block.attention !== undefined)
      x = transformer(g, `attentions.${layer}`, x, out, block.attention, context, level);
    skips.push({ value: x, channels: out });
  }
  if (level === context.config.downBlocks.length - 1) return x;
  // Without padding diffusers adds a row below and a column to the right.
  const pads = context.config.downsamplePadding === 1 ? ([1, 1, 1, 1] as const) : ([0, 0, 1, 1] as const);
  x = convolution(g, 'downsamplers.0.conv', x, { in: out, out, stride: 2, pads });
  skips.push({ value: x, channels: out });
  return x;
}

function upBlock(
  g: GraphBuilder,
  input: Value,
  inputWidth: number,
  block: UnetBlock,
  skips: Skip[],
  context: Context,
  level: number,
): Value {
  const { out } = block;
  let x = input;
  let width = inputWidth;
  for (let layer = 0; layer < block.layers; layer++) {
    const skip = skips.pop();
    if (skip === undefined)
      throw new GraphError('unet: up_block_types has more layers than down_block_types feeds');
    const joined = g.node('Concat', [x, skip.value], { attributes: { axis: 1 } });
    x = unetResnet(g, `resnets.${layer}`, joined, width + skip.channels, out, context);
    width = out;
    if (block.attention !== undefined)
      x = transformer(g, `attentions.${layer}`, x, out, block.attention, context, level);
  }
  if (level === 0) return x;
  // The next skip has the size that the way down had here, which may be odd.
  return convolution(g, 'upsamplers.0.conv', upsample(g, x, skips.at(-1)?.value), { in: out, out });
}

function unetResnet(
  g: GraphBuilder,
  key: string,
  x: Value,
  width: number,
  out: number,
  { config, time }: Context,
): Value {
  return resnet(g, key, x, {
    in: width,
    out,
    groups: config.normGroups,
    epsilon: config.normEpsilon,
    act: config.act,
    time,
  });
}

function transformer(
  g: GraphBuilder,
  key: string,
  x: Value,
  channels: number,
  block: UnetAttention,
  { config, text }: Context,
  level: number,
): Value {
  return spatialTransformer(g, key, x, text, {
    ...block,
    channels,
    groups: config.normGroups,
    linearProjection: config.linearProjection,
    upcast: config.upcastAttention,
    usualTokens: (config.sampleSize / 2 ** level) ** 2,
  });
}
