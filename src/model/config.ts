/** A checkpoint's `config.json` files: checked, diffusers' and transformers' defaults filled in, as graphs want them. */
import { z } from 'zod';
import { UnsupportedError } from '../contract/errors';
import type { Activation } from '../graph/layers/nn';
import type { AutoencoderKlConfig } from '../graph/networks/autoencoderKl';
import type { ClipTextConfig } from '../graph/networks/clipText';
import type { Unet2dConfig, UnetAttention, UnetBlock } from '../graph/networks/unet2d';
import { unsupportedPipeline } from './checkpoint/architecture';

/**
 * Greatest counts: several times what published checkpoints have. A graph is built, and its memory is estimated, from these
 * numbers before any weight is read: without a greatest value a kilobyte of JSON asks for any amount of time and memory.
 */
const MAX = {
  /** Resolutions of a UNet or an autoencoder; published: 5. */
  levels: 8,
  /** Residual blocks of one resolution; published: 2, 3 on the way up. */
  blocks: 8,
  /** Transformer layers of one block; published: 10. */
  depth: 24,
  /** Transformer layers of a UNet in all; published: 70. */
  allDepths: 256,
  /** Scores (heads × tokens²) of one row in all attentions of a UNet at its own size; published: 3e9. */
  scores: 2e10,
  /** Layers of a text encoder; published: 32. */
  layers: 64,
  /** Channels, widths and groups; published: 5,120 (the inner width of SDXL's text encoder). */
  width: 65_536,
  /** Heads of an attention; published: 20. */
  heads: 256,
  /** Tokens of a vocabulary; published: 49,408 and some hundred of textual inversions. */
  vocabulary: 1_000_000,
  /** Tokens of a text; published: 77, and 248 of those made for longer ones. */
  positions: 512,
  /** Side of a picture's latents; published: 128. */
  side: 256,
} as const;

/** What a graph's floats hold. */
const MAX_FLOAT32 = 3.4028234663852886e38;
/** Added to a variance; published: 1e-6 and 1e-5. */
const epsilon = z.number().positive().max(1, 'larger than any variance that it could be added to');

function countUpTo(most: number) {
  const message = `is more than the ${most} that any model has`;
  return z.number().int().positive().max(most, { error: message });
}

/** One for each level. */
function countsUpTo(most: number) {
  return z.array(countUpTo(most)).min(1).max(MAX.levels, `has more than ${MAX.levels} levels`);
}

const count = countUpTo(MAX.width);
const counts = countsUpTo(MAX.width);
const blockCount = countUpTo(MAX.blocks);
const depth = countUpTo(MAX.depth);
const headCount = countUpTo(MAX.heads);
const side = countUpTo(MAX.side);

/** A field whose absence and null both mean the default. */
function withDefault<Type extends z.ZodType>(type: Type, value: z.output<Type>) {
  return type.nullish().transform((given) => given ?? value);
}

/** A field that must be absent, null or one of the values that change nothing. */
function only(...values: readonly (string | number | boolean)[]) {
  const shown = values.map((value) => JSON.stringify(value)).join(' or ');
  return z
    .unknown()
    .refine((given) => given === undefined || given === null || values.some((value) => same(given, value)), {
      error: (issue) =>
        `is ${JSON.stringify(issue.input)}, which Inlay cannot build${shown && `; it knows ${shown}`}`,
    })
    .optional(); // zod counts an absent key as no unknown: old files lack most of these fields
}

function same(given: unknown, value: unknown): boolean {
  return Array.isArray(given) ? given.every((item) => item === value) : given === value;
}

const activations: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  quick_gelu: 'quick_gelu',
  relu: 'relu',
};
function activation(fallback: Activation) {
  return z
    .string()
    .nullish()
    .transform((name, context) => {
      if (name === null || name === undefined) return fallback;
      // A plain object has more names than its own: "constructor" is none of these.
      const known = Object.hasOwn(activations, name) ? activations[name] : undefined;
      if (known !== undefined) return known;
      context.addIssue(`is "${name}"; Inlay knows ${Object.keys(activations).join(', ')}`);
      return z.NEVER;
    });
}

/** Library and class of each component; [null, null] where the pipeline goes without it. */
const modelIndexSchema = z.looseObject({
  _class_name: z.string(),
  unet: z.tuple([z.string(), z.literal('UNet2DConditionModel', { error: 'is no UNet2DConditionModel' })]),
  vae: z.tuple([z.string(), z.literal('AutoencoderKL', { error: 'is no AutoencoderKL' })]),
  text_encoder: z.tuple([z.string(), z.literal('CLIPTextModel', { error: 'is no CLIPTextModel' })]),
  text_encoder_2: z
    .tuple([
      z.string().nullable(),
      z.literal(['CLIPTextModelWithProjection', null], { error: 'is no CLIPTextModelWithProjection' }),
    ])
    .nullish(),
  force_zeros_for_empty_prompt: withDefault(z.boolean(), true),
  requires_aesthetics_score: z
    .literal(false, { error: 'is true: a refiner, which only works behind another model' })
    .nullish(),
});

/** What `model_index.json` says of a pipeline. */
export interface ModelIndex {
  /** In diffusers. */
  pipelineClass: string;
  /** SDXL: it has a second text encoder. */
  xl?: { zerosForEmptyPrompt: boolean };
}

/** Safe Stable Diffusion guides away from some subjects; its networks are Stable Diffusion 1's. */
const PIPELINES =
  /^(?:StableDiffusion(XL)?(Inpaint|Img2Img)?Pipeline|StableDiffusionPipelineSafe|LatentConsistencyModel(?:Img2Img)?Pipeline)$/;

/**
 * `model_index.json`: is this a pipeline whose networks Inlay can build?
 * @param model what errors call the checkpoint
 * @throws CheckpointError naming the architecture that it is, or the component that Inlay cannot build
 */
export function parseModelIndex(json: unknown, model: string): ModelIndex {
  const architecture = unsupportedPipeline(json);
  if (architecture !== undefined) throw new UnsupportedError(`model "${model}": ${architecture}`);
  const parsed = modelIndexSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UnsupportedError(
      `model "${model}": model_index.json: ${String(issue?.path[0] ?? 'the file')} ${issue?.message ?? 'is not valid'}; ` +
        'name a Stable Diffusion 1, 2 or XL model in the diffusers layout',
    );
  }
  const { _class_name: pipelineClass, text_encoder_2: second } = parsed.data;
  const family = PIPELINES.exec(pipelineClass);
  if (family === null) {
    throw new UnsupportedError(
      `model "${model}": its pipeline is ${pipelineClass}, which Inlay cannot run; it runs Stable Diffusion 1, 2 and XL`,
    );
  }
  const isXl = family[1] !== undefined;
  if (isXl !== (typeof second?.[1] === 'string')) {
    throw new UnsupportedError(
      `model "${model}": model_index.json: a ${pipelineClass} ${isXl ? 'needs' : 'has no'} text_encoder_2`,
    );
  }
  if (!isXl) return { pipelineClass };
  return { pipelineClass, xl: { zerosForEmptyPrompt: parsed.data.force_zeros_for_empty_prompt } };
}

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
  // Here null is a value of its own: no middle block.
  mid_block_type: z
    .enum(['UNetMidBlock2DCrossAttn', 'UNetMidBlock2D'])
    .nullable()
    .default('UNetMidBlock2DCrossAttn'),
  only_cross_attention: only(false),
  block_out_channels: withDefault(counts, [320, 640, 1280, 1280]),
  layers_per_block: withDefault(z.union([blockCount, countsUpTo(MAX.blocks)]), 2),
  // With more, a level's way up would not have the size of its way down; diffusers cannot run it either.
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
  // It means the number of heads: diffusers keeps the old name for old files.
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

/** Each count may be possible by itself, and all of them together not. */
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

const textSchema = z.object({
  architectures: withDefault(z.array(z.string()), []),
  model_type: only('clip_text_model'),
  vocab_size: withDefault(countUpTo(MAX.vocabulary), 49_408),
  hidden_size: withDefault(count, 512),
  intermediate_size: withDefault(count, 2048),
  num_hidden_layers: withDefault(countUpTo(MAX.layers), 12),
  num_attention_heads: withDefault(headCount, 8),
  max_position_embeddings: withDefault(countUpTo(MAX.positions), 77),
  hidden_act: activation('quick_gelu'),
  layer_norm_eps: withDefault(epsilon, 1e-5),
  eos_token_id: withDefault(z.number().int().min(0).max(MAX.vocabulary), 49_407),
  projection_dim: withDefault(count, 512),
});

/**
 * `text_encoder/config.json` and `text_encoder_2/config.json`.
 * @param component what errors call it
 * @throws CheckpointError naming the first field that is wrong or asks for what graphs cannot do
 */
export function parseClipTextConfig(json: unknown, component = 'text_encoder'): ClipTextConfig {
  const raw = parse(component, textSchema, json);
  return {
    vocabSize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    length: raw.max_position_embeddings,
    act: raw.hidden_act,
    layerNormEpsilon: raw.layer_norm_eps,
    eosTokenId: raw.eos_token_id,
    // Every file names a projection_dim; only this class has the layer.
    ...(raw.architectures.includes('CLIPTextModelWithProjection') && { projection: raw.projection_dim }),
  };
}

function parse<Schema extends z.ZodType>(component: string, schema: Schema, json: unknown): z.output<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw wrong(component, issue?.path.join('.') || '(the whole file)', issue?.message ?? 'is not valid');
}

function required<Item>(component: string, field: string, value: Item | undefined): Item {
  if (value === undefined) throw wrong(component, field, 'is missing');
  return value;
}

function wrong(component: string, field: string, message: string): UnsupportedError {
  return new UnsupportedError(`${component}/config.json: ${field} ${message}`);
}
