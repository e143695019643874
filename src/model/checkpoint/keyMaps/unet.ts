/**
 * The UNet of a single file (`model.diffusion_model.…`, the layout of CompVis' and Stability's programs) as
 * diffusers' UNet2DConditionModel. Facts: diffusers, loaders/single_file_utils.py, convert_ldm_unet_checkpoint.
 */
import { UnsupportedError } from '../../../contract/errors';
import type { IndexedTensor } from '../reader';
import {
  addOnce,
  type Component,
  countWhile,
  index,
  NORM_GROUPS,
  need,
  type OriginalPart,
  sizeOf,
  unknownTensor,
} from './component';

export interface UnetRules {
  /** SD 1.x has 8 heads at every level; later ones 64 channels a head. */
  heads: { count: number } | { channels: number };
  /** Latents a side that the model was trained at. */
  sampleSize: number;
  /** Width of the pooled embedding that goes with size and crop: only SDXL has it. */
  pooledWidth?: number;
  /** SD 2.1's attention overflows in half precision. */
  upcastAttention?: boolean;
}

/** What the shapes tell about a UNet. */
export interface UnetLayout {
  inChannels: number;
  outChannels: number;
  /** Resnets of a level on the way down. */
  layersPerBlock: number;
  blockOutChannels: number[];
  /** Transformer blocks of each level's attentions; 0 for levels without attention. */
  depths: number[];
  midDepth: number;
  crossAttentionDim: number;
  linearProjection: boolean;
  /** Width of the vector added to the timestep embedding: SDXL's text and sizes. */
  additionWidth: number | undefined;
  /** Width of the guidance embedding that latent consistency models take. */
  guidanceWidth: number | undefined;
}

const topLevel: Readonly<Record<string, string>> = {
  'time_embed.0': 'time_embedding.linear_1',
  'time_embed.2': 'time_embedding.linear_2',
  'time_embed.cond_proj': 'time_embedding.cond_proj',
  'label_emb.0.0': 'add_embedding.linear_1',
  'label_emb.0.2': 'add_embedding.linear_2',
  'input_blocks.0.0': 'conv_in',
  'out.0': 'conv_norm_out',
  'out.2': 'conv_out',
};
const resnet: Readonly<Record<string, string>> = {
  'in_layers.0': 'norm1',
  'in_layers.2': 'conv1',
  'out_layers.0': 'norm2',
  'out_layers.3': 'conv2',
  'emb_layers.1': 'time_emb_proj',
  skip_connection: 'conv_shortcut',
};
const attentionKey =
  /^(norm|proj_in|proj_out|transformer_blocks\.\d+\.(norm[123]|attn[12]\.to_([qkv]|out\.0)|ff\.net\.(0\.proj|2)))\.(weight|bias)$/;

/**
 * Infers the UNet's structure from its shapes.
 * @throws CheckpointError if it is built differently from all of Stable Diffusion
 */
export function unetLayout(part: OriginalPart): UnetLayout {
  const inputs = blockCount(part, 'input_blocks');
  const firstDown = [...Array(inputs).keys()].find((i) => part.tensors.has(`input_blocks.${i}.0.op.weight`));
  const layersPerBlock = (firstDown ?? inputs) - 1;
  const levels = Math.ceil((inputs - 1) / (layersPerBlock + 1));
  const blockOutChannels: number[] = [];
  const depths: number[] = [];
  for (let level = 0; level < levels; level++) {
    const first = 1 + level * (layersPerBlock + 1);
    blockOutChannels.push(sizeOf(part, `input_blocks.${first}.0.out_layers.3.weight`, 0));
    const found = Array.from({ length: layersPerBlock }, (_, r) =>
      depthOf(part, `input_blocks.${first + r}.1`),
    );
    depths.push(sameDepth(part, `down_blocks.${level}`, found));
  }
  for (let level = 0; level < levels; level++) {
    const first = (levels - 1 - level) * (layersPerBlock + 1);
    const found = Array.from({ length: layersPerBlock + 1 }, (_, r) =>
      depthOf(part, `output_blocks.${first + r}.1`),
    );
    if (sameDepth(part, `up_blocks.${levels - 1 - level}`, found) !== depths[level]) {
      throw irregular(part, `its way up differs from its way down at level ${level}`);
    }
  }
  const attended = [...part.tensors.keys()].find((key) => key.endsWith('.attn2.to_k.weight'));
  const projection = [...part.tensors.keys()].find((key) => key.endsWith('.1.proj_in.weight'));
  if (attended === undefined || projection === undefined)
    throw irregular(part, 'it has no attention to the prompt');
  const midDepth = depthOf(part, 'middle_block.1');
  const lastDepth = depths.at(-1) ?? 0;
  if (midDepth === 0 || (lastDepth > 0 && lastDepth !== midDepth)) {
    throw irregular(part, `its middle block has ${midDepth} transformer blocks`);
  }
  return {
    inChannels: sizeOf(part, 'input_blocks.0.0.weight', 1),
    outChannels: sizeOf(part, 'out.2.weight', 0),
    layersPerBlock,
    blockOutChannels,
    depths,
    midDepth,
    crossAttentionDim: sizeOf(part, attended, 1),
    linearProjection: need(part, projection).shape.length === 2,
    additionWidth: part.tensors.get('label_emb.0.0.weight')?.shape[1],
    guidanceWidth: part.tensors.get('time_embed.cond_proj.weight')?.shape[1],
  };
}

/** @throws CheckpointError naming a tensor that no UNet of the family has */
export function mapUnet(part: OriginalPart, layout: UnetLayout, rules: UnetRules): Component {
  const tensors = new Map<string, IndexedTensor>();
  for (const [key, tensor] of part.tensors) {
    const mapped = diffusersKey(key, layout.layersPerBlock);
    if (mapped === undefined) throw unknownTensor(part, key);
    addOnce(part, tensors, mapped, tensor);
  }
  return { config: unetConfig(layout, rules), tensors };
}

function unetConfig(layout: UnetLayout, rules: UnetRules): Record<string, unknown> {
  const { blockOutChannels, depths, additionWidth, guidanceWidth } = layout;
  const down = depths.map((depth) => (depth > 0 ? 'CrossAttnDownBlock2D' : 'DownBlock2D'));
  const up = [...depths].reverse().map((depth) => (depth > 0 ? 'CrossAttnUpBlock2D' : 'UpBlock2D'));
  // The middle block takes the last level's depth.
  const layers = depths.map((depth, level) =>
    level === depths.length - 1 ? layout.midDepth : Math.max(depth, 1),
  );
  const { heads, pooledWidth } = rules;
  return {
    _class_name: 'UNet2DConditionModel',
    act_fn: 'silu',
    attention_head_dim:
      'count' in heads
        ? heads.count
        : blockOutChannels.map((width) => Math.max(1, Math.floor(width / heads.channels))),
    block_out_channels: blockOutChannels,
    cross_attention_dim: layout.crossAttentionDim,
    down_block_types: down,
    up_block_types: up,
    flip_sin_to_cos: true,
    freq_shift: 0,
    in_channels: layout.inChannels,
    out_channels: layout.outChannels,
    layers_per_block: layout.layersPerBlock,
    norm_eps: 1e-5,
    norm_num_groups: NORM_GROUPS,
    sample_size: rules.sampleSize,
    transformer_layers_per_block: layers.every((count) => count === 1) ? 1 : layers,
    use_linear_projection: layout.linearProjection,
    ...(guidanceWidth !== undefined && { time_cond_proj_dim: guidanceWidth }),
    ...(rules.upcastAttention === true ? { upcast_attention: true } : {}),
    ...(additionWidth !== undefined && pooledWidth !== undefined
      ? {
          addition_embed_type: 'text_time',
          // Original size, crop and target size: six numbers beside the pooled embedding.
          addition_time_embed_dim: (additionWidth - pooledWidth) / 6,
          projection_class_embeddings_input_dim: additionWidth,
        }
      : {}),
  };
}

/** @returns undefined if no UNet has such a key */
function diffusersKey(key: string, layersPerBlock: number): string | undefined {
  const end = key.lastIndexOf('.');
  const stem = key.slice(0, end);
  const leaf = key.slice(end + 1);
  if (leaf !== 'weight' && leaf !== 'bias') return undefined;
  if (Object.hasOwn(topLevel, stem)) return `${topLevel[stem]}.${leaf}`;
  const middle = /^middle_block\.([012])\.(.+)$/.exec(key);
  if (middle !== null) {
    const rest = middle[2] ?? '';
    return middle[1] === '1'
      ? attention('mid_block.attentions.0', rest)
      : resnetKey(`mid_block.resnets.${index(middle[1]) / 2}`, rest);
  }
  const block = /^(input|output)_blocks\.(\d+)\.([012])\.(.+)$/.exec(key);
  if (block === null) return undefined;
  const down = block[1] === 'input';
  const number = index(block[2]) - (down ? 1 : 0);
  const level = Math.floor(number / (layersPerBlock + 1));
  const layer = number % (layersPerBlock + 1);
  const place = `${down ? 'down' : 'up'}_blocks.${level}`;
  const rest = block[4] ?? '';
  if (down && block[3] === '0' && rest === `op.${leaf}`) return `${place}.downsamplers.0.conv.${leaf}`;
  // It comes after the attention if there is one, else in its place.
  if (!down && block[3] !== '0' && rest === `conv.${leaf}`) return `${place}.upsamplers.0.conv.${leaf}`;
  if (block[3] === '0') return resnetKey(`${place}.resnets.${layer}`, rest);
  return block[3] === '1' ? attention(`${place}.attentions.${layer}`, rest) : undefined;
}

function resnetKey(place: string, rest: string): string | undefined {
  const end = rest.lastIndexOf('.');
  const stem = rest.slice(0, end);
  return Object.hasOwn(resnet, stem) ? `${place}.${resnet[stem]}${rest.slice(end)}` : undefined;
}

function attention(place: string, rest: string): string | undefined {
  return attentionKey.test(rest) ? `${place}.${rest}` : undefined;
}

function blockCount(part: OriginalPart, list: string): number {
  const first = new RegExp(`^${list}\\.(\\d+)\\.`);
  let count = 0;
  for (const key of part.tensors.keys()) {
    const found = first.exec(key);
    if (found !== null) count = Math.max(count, index(found[1]) + 1);
  }
  if (count < 2 || count > 100) throw irregular(part, `it has ${count} ${list}`);
  return count;
}

function depthOf(part: OriginalPart, place: string): number {
  return countWhile(part, (t) => `${place}.transformer_blocks.${t}.norm1.weight`);
}

function sameDepth(part: OriginalPart, place: string, depths: readonly number[]): number {
  const first = depths[0] ?? 0;
  if (depths.every((depth) => depth === first)) return first;
  throw irregular(part, `the attentions of ${place} have ${depths.join(', ')} transformer blocks`);
}

function irregular(part: OriginalPart, what: string): UnsupportedError {
  return new UnsupportedError(
    `${part.file}: the UNet is built differently from Stable Diffusion's (${what}); use the model in the diffusers layout`,
  );
}
