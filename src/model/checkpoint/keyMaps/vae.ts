/**
 * The autoencoder of a single file (`first_stage_model.…`) as diffusers' AutoencoderKL. Facts: diffusers,
 * loaders/single_file_utils.py, convert_ldm_vae_checkpoint.
 */
import type { IndexedTensor } from '../reader';
import { withoutKernel } from '../tensorView';
import {
  addOnce,
  type Component,
  countWhile,
  index,
  NORM_GROUPS,
  type OriginalPart,
  sizeOf,
  unknownTensor,
} from './component';

export interface VaeRules {
  scalingFactor: number;
  /** SDXL's overflows in half precision. */
  forceUpcast: boolean;
  /** Pixels a side that the model was trained at. */
  sampleSize: number;
}

/** Left over from training: the discriminator and perceptual loss. */
const training = /^(loss\.|model_ema\.)/;

const resnet: Readonly<Record<string, string>> = {
  norm1: 'norm1',
  conv1: 'conv1',
  norm2: 'norm2',
  conv2: 'conv2',
  nin_shortcut: 'conv_shortcut',
};
const attention: Readonly<Record<string, string>> = {
  norm: 'group_norm',
  q: 'to_q',
  k: 'to_k',
  v: 'to_v',
  proj_out: 'to_out.0',
  // As later programs write them.
  to_q: 'to_q',
  to_k: 'to_k',
  to_v: 'to_v',
  'to_out.0': 'to_out.0',
};
const ends: Readonly<Record<string, string>> = {
  conv_in: 'conv_in',
  norm_out: 'conv_norm_out',
  conv_out: 'conv_out',
};

/** @throws CheckpointError naming a tensor that is missing or that no autoencoder has */
export function mapVae(part: OriginalPart, rules: VaeRules): Component {
  const levels = countWhile(part, (level) => `encoder.down.${level}.block.0.conv1.weight`);
  const tensors = new Map<string, IndexedTensor>();
  for (const [key, tensor] of part.tensors) {
    if (training.test(key)) continue;
    const mapped = diffusersKey(key, levels);
    if (mapped === undefined) throw unknownTensor(part, key);
    // The attention's 1×1 convolutions are matrices in diffusers.
    const isMatrix = /attentions\.0\.to_.*weight$/.test(mapped);
    addOnce(part, tensors, mapped, isMatrix ? withoutKernel(key, tensor) : tensor);
  }
  return { config: vaeConfig(part, levels, rules), tensors };
}

function vaeConfig(part: OriginalPart, levels: number, rules: VaeRules): Record<string, unknown> {
  const perLevel = <Item>(item: (level: number) => Item) =>
    Array.from({ length: levels }, (_, level) => item(level));
  return {
    _class_name: 'AutoencoderKL',
    act_fn: 'silu',
    block_out_channels: perLevel((level) => sizeOf(part, `encoder.down.${level}.block.0.conv2.weight`, 0)),
    down_block_types: perLevel(() => 'DownEncoderBlock2D'),
    up_block_types: perLevel(() => 'UpDecoderBlock2D'),
    in_channels: sizeOf(part, 'encoder.conv_in.weight', 1),
    out_channels: sizeOf(part, 'decoder.conv_out.weight', 0),
    latent_channels: sizeOf(part, 'decoder.conv_in.weight', 1),
    layers_per_block: countWhile(part, (layer) => `encoder.down.0.block.${layer}.conv1.weight`),
    norm_num_groups: NORM_GROUPS,
    sample_size: rules.sampleSize,
    scaling_factor: rules.scalingFactor,
    force_upcast: rules.forceUpcast,
    use_quant_conv: part.tensors.has('quant_conv.weight'),
    use_post_quant_conv: part.tensors.has('post_quant_conv.weight'),
  };
}

/** @returns undefined if no autoencoder has such a key */
function diffusersKey(key: string, levels: number): string | undefined {
  if (/^(post_)?quant_conv\.(weight|bias)$/.test(key)) return key;
  const parts = /^(encoder|decoder)\.(.+)\.(weight|bias)$/.exec(key);
  if (parts === null) return undefined;
  const [, side = '', stem = '', leaf = ''] = parts;
  const named = (place: string, names: Readonly<Record<string, string>>, name: string) =>
    Object.hasOwn(names, name) ? `${side}.${place}${names[name]}.${leaf}` : undefined;
  if (Object.hasOwn(ends, stem)) return named('', ends, stem);
  const middle = /^mid\.(?:block_([12])|attn_1)\.(.+)$/.exec(stem);
  if (middle !== null) {
    const name = middle[2] ?? '';
    return middle[1] === undefined
      ? named('mid_block.attentions.0.', attention, name)
      : named(`mid_block.resnets.${index(middle[1]) - 1}.`, resnet, name);
  }
  const block = /^(down|up)\.(\d+)\.(?:block\.(\d+)\.(\w+)|(downsample|upsample)\.conv)$/.exec(stem);
  if (block === null || (block[1] === 'down') !== (side === 'encoder')) return undefined;
  // The original numbers the decoder's levels from the image side.
  const level = block[1] === 'down' ? index(block[2]) : levels - 1 - index(block[2]);
  if (level < 0 || level >= levels) return undefined;
  const place = `${block[1]}_blocks.${level}`;
  if (block[5] === undefined) return named(`${place}.resnets.${block[3]}.`, resnet, block[4] ?? '');
  return block[5] === `${block[1]}sample` ? `${side}.${place}.${block[5]}rs.0.conv.${leaf}` : undefined;
}
