/**
 * The networks of the families that most checkpoints belong to, as their configurations give them: for models that are
 * judged before anything of them is looked up.
 */
import type { FamilyId } from './families';

export const knownNetworks = [
  'sd15',
  'sd15-inpaint',
  'sd15-lcm',
  'sd2',
  'sd2-base',
  'sd2-inpaint',
  'sdxl',
  'sdxl-inpaint',
] as const;
export type KnownNetworks = (typeof knownNetworks)[number];

/** The family that such networks belong to. */
export function familyOfNetworks(networks: KnownNetworks): FamilyId {
  return networks.startsWith('sdxl') ? 'sdxl' : networks.startsWith('sd2') ? 'sd2' : 'sd1';
}

type Json = Readonly<Record<string, unknown>>;

const sdUnet: Json = {
  _class_name: 'UNet2DConditionModel',
  act_fn: 'silu',
  attention_head_dim: 8,
  block_out_channels: [320, 640, 1280, 1280],
  center_input_sample: false,
  cross_attention_dim: 768,
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  layers_per_block: 2,
  mid_block_scale_factor: 1,
  norm_eps: 1e-5,
  norm_num_groups: 32,
  out_channels: 4,
  sample_size: 64,
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
};

const sd2Unet: Json = {
  ...sdUnet,
  attention_head_dim: [5, 10, 20, 20],
  cross_attention_dim: 1024,
  use_linear_projection: true,
};

const xlUnet: Json = {
  ...sdUnet,
  addition_embed_type: 'text_time',
  addition_time_embed_dim: 256,
  attention_head_dim: [5, 10, 20],
  block_out_channels: [320, 640, 1280],
  cross_attention_dim: 2048,
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
  projection_class_embeddings_input_dim: 2816,
  sample_size: 128,
  transformer_layers_per_block: [1, 2, 10],
  up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  use_linear_projection: true,
};

const vae: Json = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  block_out_channels: [128, 256, 512, 512],
  down_block_types: new Array(4).fill('DownEncoderBlock2D'),
  in_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  norm_num_groups: 32,
  out_channels: 3,
  sample_size: 512,
  scaling_factor: 0.18215,
  up_block_types: new Array(4).fill('UpDecoderBlock2D'),
};

const clipL: Json = {
  architectures: ['CLIPTextModel'],
  bos_token_id: 0,
  eos_token_id: 2,
  hidden_act: 'quick_gelu',
  hidden_size: 768,
  intermediate_size: 3072,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 77,
  model_type: 'clip_text_model',
  num_attention_heads: 12,
  num_hidden_layers: 12,
  projection_dim: 768,
  vocab_size: 49408,
};

const openClipH: Json = {
  ...clipL,
  hidden_act: 'gelu',
  hidden_size: 1024,
  intermediate_size: 4096,
  num_attention_heads: 16,
  num_hidden_layers: 23,
  projection_dim: 512,
};

const openClipG: Json = {
  ...clipL,
  architectures: ['CLIPTextModelWithProjection'],
  hidden_act: 'gelu',
  hidden_size: 1280,
  intermediate_size: 5120,
  num_attention_heads: 20,
  num_hidden_layers: 32,
  projection_dim: 1280,
};

const text: Record<KnownNetworks, Json> = {
  sd15: clipL,
  'sd15-inpaint': clipL,
  'sd15-lcm': clipL,
  sd2: openClipH,
  'sd2-base': openClipH,
  'sd2-inpaint': openClipH,
  sdxl: clipL,
  'sdxl-inpaint': clipL,
};

const unet: Record<KnownNetworks, Json> = {
  sd15: sdUnet,
  'sd15-inpaint': sdUnet,
  'sd15-lcm': { ...sdUnet, time_cond_proj_dim: 256 },
  // As trained at 768 pixels.
  sd2: { ...sd2Unet, sample_size: 96, upcast_attention: true },
  'sd2-base': sd2Unet,
  'sd2-inpaint': sd2Unet,
  sdxl: xlUnet,
  'sdxl-inpaint': xlUnet,
};

/** Configurations of a model's networks by their paths, and the index that says which pipeline they make. */
export function configurationsOf(
  networks: KnownNetworks,
): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const isXl = familyOfNetworks(networks) === 'sdxl';
  return new Map<string, Json>([
    [
      'model_index.json',
      {
        _class_name: `StableDiffusion${isXl ? 'XL' : ''}Pipeline`,
        text_encoder: ['transformers', 'CLIPTextModel'],
        ...(isXl && { text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'] }),
        unet: ['diffusers', 'UNet2DConditionModel'],
        vae: ['diffusers', 'AutoencoderKL'],
      },
    ],
    ['text_encoder/config.json', text[networks]],
    ...(isXl ? [['text_encoder_2/config.json', openClipG] as const] : []),
    ['unet/config.json', { ...unet[networks], in_channels: networks.endsWith('inpaint') ? 9 : 4 }],
    [
      'vae/config.json',
      isXl ? { ...vae, force_upcast: true, sample_size: 1024, scaling_factor: 0.13025 } : vae,
    ],
  ]);
}
