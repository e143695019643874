/** `unet/config.json`: checked, diffusers' defaults filled in, as the graph wants it. */
import { z } from 'zod';
import type { Unet2dConfig, UnetAttention, UnetBlock } from '../../graph/networks/unet2d';
import {
  activation,
  blockCount,
  count,
  counts,
  countsUpTo,
  depth,
  epsilon,
  headCount,
  MAX,
  only,
  parse,
  required,
  side,
  withDefault,
  wrong,
} from './fields';

const unetSchema = z.object({
  sample_size: withDefault(
    z.union([
      side,
      z
        .array(side)
        .min(1)
        .max(2)
        .transform((sides) => Math.max(...sides)),
    ]),
    64,
  ),
  in_channels: withDefault(count, 4),
  out_channels: withDefault(count, 4),
  center_input_sample: only(false),
  flip_sin_to_cos: withDefault(z.boolean(), true),
  freq_shift: withDefault(z.number(), 0),
  down_block_types: withDefault(z.array(z.enum(['DownBlock2D', 'CrossAttnDownBlock2D'])).min(1), [
    'CrossAttnDownBlock2D',
    'CrossAttnDownBlock2D',
    'CrossAttnDownBlock2D',
    'DownBlock2D',
  ]),
  up_block_types: withDefault(z.array(z.enum(['UpBlock2D', 'CrossAttnUpBlock2D'])).min(1), [
    'UpBlock2D',
    'CrossAttnUpBlock2D',
    'CrossAttnUpBlock2D',
    'CrossAttnUpBlock2D',
  ]),
  // Here null is itself a value: no middle block.
  mid_block_type: z
    .enum(['UNetMidBlock2DCrossAttn', 'UNetMidBlock2D'])
    .nullable()
    .default('UNetMidBlock2DCrossAttn'),
  only_cross_attention: only(false),
  block_out_channels: withDefault(counts, [320, 640, 1280, 1280]),
  layers_per_block: withDefault(z.union([blockCount, countsUpTo(MAX.blocks)]), 2),
  // With more, a level's output on the way up would not match the size on the way down; diffusers cannot run it either.
  downsample_padding: withDefault(z.literal([0, 1], { error: 'is neither 0 nor 1' }), 1),
  mid_block_scale_factor: only(1),
  act_fn: activation('silu'),
  norm_num_groups: count.default(32),
  norm_eps: withDefault(epsilon, 1e-5),
  cross_attention_dim: withDefault(z.union([count, counts]), 1280),
  transformer_layers_per_block: withDefault(z.union([depth, countsUpTo(MAX.depth)]), 1),
  reverse_transformer_layers_per_block: withDefault(countsUpTo(MAX.depth).optional(), undefined),
  encoder_hid_dim: only(),
  encoder_hid_dim_type: only(),
  // It actually means the number of heads: diffusers keeps the old name for old files.
  attention_head_dim: withDefault(z.union([headCount, countsUpTo(MAX.heads)]), 8),
  num_attention_heads: withDefault(z.union([headCount, countsUpTo(MAX.heads)]).optional(), undefined),
  dual_cross_attention: only(false),
  use_linear_projection: withDefault(z.boolean(), false),
  class_embed_type: only(),
  addition_embed_type: withDefault(z.literal('text_time').optional(), undefined),
  addition_time_embed_dim: withDefault(count.optional(), undefined),
  projection_class_embeddings_input_dim: withDefault(count.optional(), undefined),
  num_class_embeds: only(),
  upcast_attention: withDefault(z.boolean(), false),
  resnet_time_scale_shift: only('default'),
  resnet_skip_time_act: only(false),
  resnet_out_scale_factor: only(1),
  time_embedding_type: only('positional'),
  time_embedding_dim: withDefault(count.optional(), undefined),
  time_embedding_act_fn: only(),
  timestep_post_act: only(),
  time_cond_proj_dim: withDefault(count.min(4).optional(), undefined),
  conv_in_kernel: only(3),
  conv_out_kernel: only(3),
  attention_type: only('default'),
  class_embeddings_concat: only(false),
  mid_block_only_cross_attention: only(false),
  cross_attention_norm: only(),
});

/**
 * `unet/config.json`.
 * @throws CheckpointError naming the first field that is wrong or asks for what graphs cannot do
 */
export function parseUnet2dConfig(json: unknown): Unet2dConfig {
  const component = 'unet';
  const raw = parse(component, unetSchema, json);
  const widths = raw.block_out_channels;
  const levels = widths.length;
  const each = <Item>(field: string, value: Item | readonly Item[]): Item[] => {
    const items = Array.isArray(value) ? [...value] : new Array<Item>(levels).fill(value as Item);
    if (items.length === levels) return items;
    throw wrong(component, field, `has ${items.length} entries for ${levels} entries of block_out_channels`);
  };
  const downTypes = each('down_block_types', raw.down_block_types);
  const upTypes = each('up_block_types', raw.up_block_types);
  const layers = each('layers_per_block', raw.layers_per_block);
  const heads = each('attention_head_dim', raw.num_attention_heads ?? raw.attention_head_dim);
  const contextWidths = each('cross_attention_dim', raw.cross_attention_dim);
  const depths = each('transformer_layers_per_block', raw.transformer_layers_per_block);
  const upDepths =
    raw.reverse_transformer_layers_per_block === undefined
      ? [...depths].reverse()
      : each('reverse_transformer_layers_per_block', raw.reverse_transformer_layers_per_block);

  const at = <Item>(items: readonly Item[], level: number): Item => {
    const item = items[level];
    if (item === undefined) throw wrong(component, 'block_out_channels', `has no level ${level}`);
    return item;
  };
  const attention = (level: number, depth: number): UnetAttention => ({
    heads: at(heads, level),
    depth,
    contextWidth: at(contextWidths, level),
  });
  const downBlocks = widths.map((out, level): UnetBlock => {
    const block = { out, layers: at(layers, level) };
    const crosses = at(downTypes, level) === 'CrossAttnDownBlock2D';
    return crosses ? { ...block, attention: attention(level, at(depths, level)) } : block;
  });
  const upBlocks = widths.map((_, step): UnetBlock => {
    const level = levels - 1 - step;
    const block = { out: at(widths, level), layers: at(layers, level) + 1 };
    const crosses = at(upTypes, step) === 'CrossAttnUpBlock2D';
    return crosses ? { ...block, attention: attention(level, at(upDepths, step)) } : block;
  });
  const midBlock =
    raw.mid_block_type === 'UNetMidBlock2DCrossAttn'
      ? { attention: attention(levels - 1, at(depths, levels - 1)) }
      : raw.mid_block_type === 'UNetMidBlock2D'
        ? {}
        : undefined;

  if (raw.in_channels < raw.out_channels) {
    throw wrong(
      component,
      'in_channels',
      `is ${raw.in_channels}, fewer than out_channels ${raw.out_channels}`,
    );
  }
  refuseEndless(raw.sample_size, [
    ...downBlocks.map((block, level) => ({ ...block, level })),
    ...upBlocks.map((block, step) => ({ ...block, level: levels - 1 - step })),
    ...(midBlock ? [{ ...midBlock, layers: 1, level: levels - 1 }] : []),
  ]);
  return {
    inChannels: raw.in_channels,
    outChannels: raw.out_channels,
    downBlocks,
    upBlocks,
    ...(midBlock && { midBlock }),
    linearProjection: raw.use_linear_projection,
    upcastAttention: raw.upcast_attention,
    act: raw.act_fn,
    normGroups: raw.norm_num_groups,
    normEpsilon: raw.norm_eps,
    downsamplePadding: raw.downsample_padding,
    flipSinToCos: raw.flip_sin_to_cos,
    freqShift: raw.freq_shift,
    timeEmbeddingWidth: raw.time_embedding_dim ?? 4 * at(widths, 0),
    ...(raw.addition_embed_type && {
      textTime: {
        timeWidth: required(component, 'addition_time_embed_dim', raw.addition_time_embed_dim),
        inputWidth: required(
          component,
          'projection_class_embeddings_input_dim',
          raw.projection_class_embeddings_input_dim,
        ),
      },
    }),
    ...(raw.time_cond_proj_dim && { guidanceWidth: raw.time_cond_proj_dim }),
    sampleSize: raw.sample_size,
  };
}

/** Each count may be possible by itself, but not all of them together. */
function refuseEndless(
  side: number,
  blocks: readonly { layers: number; level: number; attention?: UnetAttention | undefined }[],
): void {
  let depths = 0;
  let scores = 0;
  for (const { layers, level, attention } of blocks) {
    if (attention === undefined) continue;
    const tokens = Math.max(1, side / 2 ** level) ** 2;
    depths += layers * attention.depth;
    scores += layers * attention.depth * attention.heads * tokens ** 2;
  }
  if (depths > MAX.allDepths) {
    const text = `asks for ${depths} layers in all, more than the ${MAX.allDepths} that any model has`;
    throw wrong('unet', 'transformer_layers_per_block', text);
  }
  if (scores > MAX.scores) {
    const times = Math.ceil(scores / MAX.scores);
    const text = `is ${side}, at which its attention takes ${times} times what that of any model does`;
    throw wrong('unet', 'sample_size', text);
  }
}
