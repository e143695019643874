/** `vae/config.json`: checked, diffusers' defaults filled in, as the graphs want it. */
import { z } from 'zod';
import type { AutoencoderKlConfig } from '../../graph/networks/autoencoderKl';
import {
  activation,
  blockCount,
  count,
  counts,
  MAX_FLOAT32,
  only,
  parse,
  withDefault,
  wrong,
} from './fields';

const vaeSchema = z.object({
  in_channels: withDefault(count, 3),
  out_channels: withDefault(count, 3),
  latent_channels: withDefault(count, 4),
  down_block_types: withDefault(z.array(z.literal('DownEncoderBlock2D')).min(1), ['DownEncoderBlock2D']),
  up_block_types: withDefault(z.array(z.literal('UpDecoderBlock2D')).min(1), ['UpDecoderBlock2D']),
  block_out_channels: withDefault(counts, [64]),
  layers_per_block: withDefault(blockCount, 1),
  act_fn: activation('silu'),
  norm_num_groups: withDefault(count, 32),
  mid_block_add_attention: withDefault(z.boolean(), true),
  use_quant_conv: withDefault(z.boolean(), true),
  use_post_quant_conv: withDefault(z.boolean(), true),
  scaling_factor: withDefault(z.number().positive().max(MAX_FLOAT32), 0.18215),
  latents_mean: only(),
  latents_std: only(),
  force_upcast: withDefault(z.boolean(), true),
});

/**
 * `vae/config.json`.
 * @throws CheckpointError naming the first field that is wrong or asks for what graphs cannot do
 */
export function parseVaeConfig(json: unknown): AutoencoderKlConfig {
  const raw = parse('vae', vaeSchema, json);
  for (const field of ['down_block_types', 'up_block_types'] as const) {
    if (raw[field].length !== raw.block_out_channels.length) {
      const levels = raw.block_out_channels.length;
      throw wrong(
        'vae',
        field,
        `has ${raw[field].length} entries for ${levels} entries of block_out_channels`,
      );
    }
  }
  return {
    inChannels: raw.in_channels,
    outChannels: raw.out_channels,
    latentChannels: raw.latent_channels,
    blockOutChannels: raw.block_out_channels,
    layersPerBlock: raw.layers_per_block,
    act: raw.act_fn,
    normGroups: raw.norm_num_groups,
    midBlockAttention: raw.mid_block_add_attention,
    quantConv: raw.use_quant_conv,
    postQuantConv: raw.use_post_quant_conv,
    scalingFactor: raw.scaling_factor,
    forceUpcast: raw.force_upcast,
  };
}
