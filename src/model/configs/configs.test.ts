import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../contract/errors';
import { parseVaeConfig } from './autoencoderKl';
import { parseClipTextConfig } from './clipText';
import { parseUnet2dConfig } from './unet2d';

describe('unet/config.json', () => {
  it('that is empty means diffusers’ defaults', () => {
    const config = parseUnet2dConfig({});
    expect(config.inChannels).toBe(4);
    expect(config.downBlocks.map(({ out, layers }) => [out, layers])).toEqual([
      [320, 2],
      [640, 2],
      [1280, 2],
      [1280, 2],
    ]);
    expect(config.upBlocks.map(({ out, layers }) => [out, layers])).toEqual([
      [1280, 3],
      [1280, 3],
      [640, 3],
      [320, 3],
    ]);
    expect(config.downBlocks[0]?.attention).toEqual({ heads: 8, depth: 1, contextWidth: 1280 });
    expect(config.downBlocks[3]?.attention).toBeUndefined();
    expect(config.timeEmbeddingWidth).toBe(1280);
    expect(config.textTime).toBeUndefined();
  });

  it('with nulls means the same', () => {
    const nulls = {
      layers_per_block: null,
      attention_head_dim: null,
      num_attention_heads: null,
      class_embed_type: null,
      addition_embed_type: null,
      time_cond_proj_dim: null,
      use_linear_projection: null,
      only_cross_attention: null,
    };
    expect(parseUnet2dConfig(nulls)).toEqual(parseUnet2dConfig({}));
  });

  it('gives heads and depths by level, mirrored on the way up', () => {
    const config = parseUnet2dConfig({
      block_out_channels: [320, 640, 1280],
      down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
      up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
      attention_head_dim: [5, 10, 20],
      transformer_layers_per_block: [1, 2, 10],
      cross_attention_dim: 2048,
      addition_embed_type: 'text_time',
      addition_time_embed_dim: 256,
      projection_class_embeddings_input_dim: 2816,
    });
    const seen = (blocks: typeof config.downBlocks) =>
      blocks.map(({ attention }) => attention && [attention.heads, attention.depth]);
    expect(seen(config.downBlocks)).toEqual([undefined, [10, 2], [20, 10]]);
    expect(seen(config.upBlocks)).toEqual([[20, 10], [10, 2], undefined]);
    expect(config.midBlock?.attention).toEqual({ heads: 20, depth: 10, contextWidth: 2048 });
    expect(config.textTime).toEqual({ timeWidth: 256, inputWidth: 2816 });
  });

  it('knows a UNet without a middle block', () => {
    expect(parseUnet2dConfig({ mid_block_type: null }).midBlock).toBeUndefined();
  });

  it.each([
    [{ class_embed_type: 'timestep' }, 'class_embed_type is "timestep"'],
    [{ only_cross_attention: [false, true] }, 'only_cross_attention is [false,true]'],
    [{ resnet_time_scale_shift: 'scale_shift' }, 'resnet_time_scale_shift is "scale_shift"'],
    [{ down_block_types: ['AttnDownBlock2D'] }, 'down_block_types.0'],
    [{ mid_block_type: 'UNetMidBlock2DSimpleCrossAttn' }, 'mid_block_type'],
    [{ act_fn: 'mish' }, 'act_fn is "mish"'],
    [{ attention_head_dim: [5, 10] }, 'attention_head_dim has 2 entries for 4'],
    [{ addition_embed_type: 'text' }, 'addition_embed_type'],
    [{ addition_embed_type: 'text_time' }, 'addition_time_embed_dim is missing'],
    [{ conv_in_kernel: 7 }, 'conv_in_kernel is 7'],
    [{ downsample_padding: 2 }, 'downsample_padding is neither 0 nor 1'],
    [{ in_channels: 'nine' }, 'in_channels'],
  ])('of an unknown kind is refused by name: %j', (json, message) => {
    expect(() => parseUnet2dConfig(json)).toThrow(CheckpointError);
    expect(() => parseUnet2dConfig(json)).toThrow(`unet/config.json: ${message}`);
  });
});

describe('vae/config.json', () => {
  const levels = {
    block_out_channels: [128, 256, 512, 512],
    down_block_types: new Array<string>(4).fill('DownEncoderBlock2D'),
    up_block_types: new Array<string>(4).fill('UpDecoderBlock2D'),
  };

  it('from before scaling_factor and force_upcast existed means Stable Diffusion’s', () => {
    const config = parseVaeConfig(levels);
    expect(config).toMatchObject({
      scalingFactor: 0.18215,
      quantConv: true,
      midBlockAttention: true,
    });
  });

  it.each([
    [{ ...levels, block_out_channels: [128, 256] }, 'down_block_types has 4 entries for 2'],
    [{ ...levels, down_block_types: ['AttnDownEncoderBlock2D'] }, 'down_block_types.0'],
    [{ ...levels, latents_mean: [0, 0, 0, 0] }, 'latents_mean is [0,0,0,0]'],
  ])('of an unknown kind is refused by name', (json, message) => {
    expect(() => parseVaeConfig(json)).toThrow(`vae/config.json: ${message}`);
  });
});

describe('text_encoder/config.json', () => {
  it('has a projection only where its class has one', () => {
    expect(parseClipTextConfig({ projection_dim: 768 }).projection).toBeUndefined();
    const second = { architectures: ['CLIPTextModelWithProjection'], projection_dim: 1280 };
    expect(parseClipTextConfig(second).projection).toBe(1280);
  });

  it('of another kind of model is refused', () => {
    expect(() => parseClipTextConfig({ model_type: 't5' })).toThrow(
      'text_encoder/config.json: model_type is "t5"',
    );
    expect(() => parseClipTextConfig({ hidden_act: 'mish' }, 'text_encoder_2')).toThrow(
      'text_encoder_2/config.json: hidden_act is "mish"',
    );
  });
});

describe('a configuration that claims what no model has is refused at once, by its key', () => {
  const unet = (json: object) => parseUnet2dConfig(json);
  const vae = (json: object) => parseVaeConfig(json);
  const text = (json: object) => parseClipTextConfig(json);
  const huge = [1e9, 2 ** 53, 1e300];
  const cases: [string, (json: object) => unknown, (n: number) => unknown][] = [
    ['layers_per_block', unet, (n) => n],
    ['layers_per_block', unet, (n) => [2, 2, n, 2]],
    ['transformer_layers_per_block', unet, (n) => n],
    ['reverse_transformer_layers_per_block', unet, (n) => [1, 1, 1, n]],
    ['block_out_channels', unet, (n) => [320, 640, n, 1280]],
    ['attention_head_dim', unet, (n) => n],
    ['num_attention_heads', unet, (n) => n],
    ['cross_attention_dim', unet, (n) => n],
    ['norm_num_groups', unet, (n) => n],
    ['in_channels', unet, (n) => n],
    ['sample_size', unet, (n) => n],
    ['sample_size', unet, (n) => [64, n]],
    ['time_embedding_dim', unet, (n) => n],
    ['addition_time_embed_dim', unet, (n) => n],
    ['time_cond_proj_dim', unet, (n) => n],
    ['downsample_padding', unet, (n) => n],
    ['layers_per_block', vae, (n) => n],
    ['latent_channels', vae, (n) => n],
    ['norm_num_groups', vae, (n) => n],
    ['vocab_size', text, (n) => n],
    ['hidden_size', text, (n) => n],
    ['intermediate_size', text, (n) => n],
    ['num_hidden_layers', text, (n) => n],
    ['num_attention_heads', text, (n) => n],
    ['max_position_embeddings', text, (n) => n],
    ['eos_token_id', text, (n) => n],
    ['projection_dim', text, (n) => n],
  ];
  it.each(cases)('%s', (field, parse, value) => {
    for (const n of huge) {
      const start = performance.now();
      expect(() => parse({ [field]: value(n) })).toThrow(`config.json: ${field}`);
      expect(performance.now() - start).toBeLessThan(1000);
    }
  });

  it('block_out_channels of a million levels', () => {
    const levels = new Array<number>(1e6).fill(8);
    expect(() => unet({ block_out_channels: levels })).toThrow('block_out_channels has more than 8 levels');
    expect(() => vae({ block_out_channels: levels })).toThrow('block_out_channels has more than 8 levels');
  });

  it('counts that are possible one by one, and not together', () => {
    expect(() => unet({ transformer_layers_per_block: 24, layers_per_block: 8 })).toThrow(
      'unet/config.json: transformer_layers_per_block asks for 1248 layers in all, more than the 256 that any model has',
    );
    expect(() => unet({ sample_size: 256, attention_head_dim: 256 })).toThrow(
      'unet/config.json: sample_size is 256, at which its attention takes',
    );
  });

  it('and what published models have passes', () => {
    // SDXL, SD 2.1 at 768 px, LongCLIP.
    unet({
      sample_size: 128,
      block_out_channels: [320, 640, 1280],
      down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
      up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
      attention_head_dim: [5, 10, 20],
      transformer_layers_per_block: [1, 2, 10],
      cross_attention_dim: 2048,
    });
    unet({ sample_size: 96, attention_head_dim: [5, 10, 20, 20] });
    text({ hidden_size: 1280, num_hidden_layers: 32, num_attention_heads: 20, max_position_embeddings: 248 });
  });
});

it.each(['constructor', '__proto__', 'toString', 'valueOf', 'hasOwnProperty'])(
  'act_fn "%s" is no activation though every object has it',
  (name) => {
    expect(() => parseUnet2dConfig({ act_fn: name })).toThrow(
      `unet/config.json: act_fn is "${name}"; Inlay knows silu, swish`,
    );
    expect(() => parseClipTextConfig({ hidden_act: name })).toThrow(`hidden_act is "${name}"`);
  },
);

it('an epsilon that no float32 and no variance holds is refused by its key, before a graph is written', () => {
  expect(() => parseClipTextConfig({ layer_norm_eps: 3.5e38 })).toThrow('layer_norm_eps');
  expect(() => parseUnet2dConfig({ norm_eps: 2 })).toThrow('norm_eps');
});
