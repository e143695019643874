import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseVaeConfig } from '../configs/autoencoderKl';
import { parseUnet2dConfig } from '../configs/unet2d';
import { readSingleFile } from '../families';
import { openCheckpoint } from './open';
import { bytesSource, countValues, type IndexedTensor, readTensor, type StoredCheckpoint } from './reader';
import type { SingleFileModel } from './singleFile';

// goldens/checkpoints and goldens/models: tools/goldens/checkpoints.py and models.py, torch 2.9.1, diffusers 0.36.0.
// Every file there was read back by diffusers' own conversion as the model that it was made from.
const golden = (path: string) => bytesSource(path, new Uint8Array(readFileSync(`goldens/${path}`)));
const json = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

const componentNames = z.enum(['unet', 'vae', 'text_encoder', 'text_encoder_2']);
const configs = z.partialRecord(componentNames, z.record(z.string(), z.unknown()));
const shape = z.array(z.number());

/** True models by key and shape, in both layouts. */
const layoutSchema = z.object({
  original: z.record(z.string(), shape),
  components: z.partialRecord(componentNames, z.record(z.string(), shape)),
  configs,
});
const layout = (family: string) =>
  layoutSchema.parse(json(gunzipSync(readFileSync(`goldens/checkpoints/layouts/${family}.json.gz`))));

/** A checkpoint with the given shapes, whose values read as zero. */
function hollow(shapes: Record<string, number[]>, more: Partial<StoredCheckpoint> = {}): StoredCheckpoint {
  const file = {
    name: 'model.safetensors',
    size: 2 ** 40,
    read: async (_offset: number, length: number) => new Uint8Array(length),
  };
  let offset = 0;
  const tensors = new Map<string, IndexedTensor>();
  for (const [key, size] of Object.entries(shapes)) {
    const length = 2 * countValues(size);
    tensors.set(key, { file, dtype: 'F16', shape: size, offset, length });
    offset += length;
  }
  return { name: file.name, tensors, metadata: {}, ...more };
}

const shapesOf = (model: SingleFileModel, component: string) =>
  Object.fromEntries(
    [...(model.components.get(component)?.tensors ?? [])].map(([key, { shape }]) => [key, shape]),
  );
const configOf = (model: SingleFileModel, component: string) => model.components.get(component)?.config ?? {};

describe('readSingleFile on the true models', () => {
  it.each([
    ['sd1', 'PNDMScheduler', 'epsilon', { tokenizer: '<|endoftext|>' }],
    ['sd2', 'DDIMScheduler', 'v_prediction', { tokenizer: '!' }],
    ['sdxl', 'EulerDiscreteScheduler', 'epsilon', { tokenizer: '<|endoftext|>', tokenizer_2: '!' }],
  ])(
    'finds every tensor of %s, and the config of its repository',
    async (family, scheduler, prediction, pad) => {
      const expected = layout(family);
      const metadata = { 'modelspec.prediction_type': prediction === 'epsilon' ? 'epsilon' : 'v' };
      const model = await readSingleFile(hollow(expected.original, { metadata }));
      expect(model).toMatchObject({ family, inChannels: 4, prediction, unused: [] });
      expect(Object.fromEntries(model.padTokens)).toEqual(pad);
      expect(model.scheduler).toMatchObject({
        _class_name: scheduler,
        prediction_type: prediction,
        steps_offset: 1,
      });
      expect([...model.components.keys()].sort()).toEqual(Object.keys(expected.components).sort());
      for (const component of componentNames.options) {
        expect(shapesOf(model, component)).toEqual(expected.components[component] ?? {});
      }
      // Read by the graphs' own parsers: whatever is a default may be left out.
      const theirs = { vae: { force_upcast: false, ...expected.configs.vae }, unet: expected.configs.unet };
      expect(parseUnet2dConfig(configOf(model, 'unet'))).toEqual(parseUnet2dConfig(theirs.unet));
      expect(parseVaeConfig(configOf(model, 'vae'))).toEqual(parseVaeConfig(theirs.vae));
      for (const component of ['text_encoder', 'text_encoder_2'] as const) {
        expect(configOf(model, component)).toMatchObject(expected.configs[component] ?? {});
      }
    },
  );

  it.each([
    ['sd1', 'DDIMScheduler', 64],
    ['sd2', 'PNDMScheduler', 64],
    ['sdxl', 'EulerDiscreteScheduler', 128],
  ])('knows the inpainting form of %s by its nine channels', async (family, scheduler, sampleSize) => {
    const shapes = {
      ...layout(family).original,
      'model.diffusion_model.input_blocks.0.0.weight': [320, 9, 3, 3],
    };
    const model = await readSingleFile(hollow(shapes));
    expect(model).toMatchObject({ family, inChannels: 9, prediction: 'epsilon' });
    expect(configOf(model, 'unet')).toMatchObject({ in_channels: 9, sample_size: sampleSize });
    expect(model.scheduler).toMatchObject({ _class_name: scheduler });
    expect(model.modelIndex).toMatchObject({
      _class_name: expect.stringMatching(/^StableDiffusion(XL)?Inpaint/),
    });
  });

  it('keeps 23 layers of OpenCLIP-H, whether the file has the 24th or not', async () => {
    const { original } = layout('sd2');
    const without = Object.fromEntries(
      Object.entries(original).filter(([key]) => !/resblocks\.23\.|text_projection/.test(key)),
    );
    for (const shapes of [original, without]) {
      const model = await readSingleFile(hollow(shapes));
      expect(configOf(model, 'text_encoder')).toMatchObject({ num_hidden_layers: 23 });
    }
  });

  it('reads SD-Turbo, which names its encoder as SDXL names the first', async () => {
    const renamed = Object.entries(layout('sd2').original).map(([key, size]) => [
      key.replace('cond_stage_model.model.', 'conditioner.embedders.0.model.'),
      size,
    ]);
    const model = await readSingleFile(hollow(Object.fromEntries(renamed)), { prediction: 'epsilon' });
    expect(model).toMatchObject({ family: 'sd2', prediction: 'epsilon' });
    expect(configOf(model, 'unet')).toMatchObject({ sample_size: 64 });
  });

  it('tells what SD 2 predicts by its steps, then by the deviation of its last norm', async () => {
    const { original } = layout('sd2');
    const at = 'model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias';
    const withNorm = (half: number): StoredCheckpoint => {
      const checkpoint = hollow(original);
      // 320 values ±x have the deviation x.
      const bytes = new Uint8Array(
        Uint16Array.from({ length: 320 }, (_, i) => half | ((i % 2) << 15)).buffer,
      );
      const tensor = { dtype: 'F16', shape: [320], offset: 0, length: 640 } as const;
      const tensors = new Map(checkpoint.tensors).set(at, { ...tensor, file: bytesSource('norm', bytes) });
      return { ...checkpoint, tensors };
    };
    const prediction = async (checkpoint: StoredCheckpoint) => (await readSingleFile(checkpoint)).prediction;
    expect(await prediction(withNorm(0x2e66))).toBe('v_prediction'); // 0.1
    expect(await prediction(withNorm(0x2a66))).toBe('epsilon'); // 0.05
    expect(await prediction({ ...withNorm(0x2e66), globalStep: 875_000 })).toBe('epsilon');
  });

  it('knows the mark of SDXL models that predict velocity', async () => {
    const shapes = { ...layout('sdxl').original, v_pred: [0], ztsnr: [0] };
    const model = await readSingleFile(hollow(shapes));
    expect(model.scheduler).toMatchObject({ prediction_type: 'v_prediction', rescale_betas_zero_snr: true });
    expect(model.unused).toEqual(['v_pred', 'ztsnr']);
  });

  it('knows a latent consistency model by the layer that takes the guidance', async () => {
    const shapes = {
      ...layout('sd1').original,
      'model.diffusion_model.time_embed.cond_proj.weight': [320, 256],
    };
    const model = await readSingleFile(hollow(shapes));
    expect(configOf(model, 'unet')).toMatchObject({ time_cond_proj_dim: 256 });
    expect(model.components.get('unet')?.tensors.has('time_embedding.cond_proj.weight')).toBe(true);
    expect(model.scheduler).toMatchObject({ _class_name: 'LCMScheduler', original_inference_steps: 50 });
  });

  const without = (family: string, start: string) =>
    Object.fromEntries(Object.entries(layout(family).original).filter(([key]) => !key.startsWith(start)));
  const unet = (key: string, size: number[]) => ({
    ...layout('sd1').original,
    [`model.diffusion_model.${key}`]: size,
  });
  it.each<[string, () => Record<string, number[]>, RegExp]>([
    [
      'Flux',
      () => ({ 'double_blocks.0.img_attn.norm.key_norm.scale': [128] }),
      /this is Flux, which is not supported/,
    ],
    [
      'Flux behind the usual prefix',
      () => ({ 'model.diffusion_model.double_blocks.0.img_attn.norm.key_norm.scale': [128] }),
      /this is Flux,/,
    ],
    [
      'Stable Diffusion 3',
      () => ({ 'model.diffusion_model.joint_blocks.0.context_block.adaLN_modulation.1.bias': [9216] }),
      /this is Stable Diffusion 3, which is not supported; Inlay runs Stable Diffusion 1, 2 and XL/,
    ],
    ['Stable Cascade', () => ({ 'clip_txt_mapper.weight': [1536, 1280] }), /Stable Cascade \(stage C\)/],
    [
      'Stable Video Diffusion',
      () => ({ 'model.diffusion_model.input_blocks.1.0.time_stack.in_layers.0.weight': [320] }),
      /Stable Video Diffusion/,
    ],
    [
      'a LoRA',
      () => ({ 'lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight': [4, 320] }),
      /this is a LoRA/,
    ],
    [
      'a LoRA of peft',
      () => ({ 'unet.mid_block.attentions.0.proj_in.lora_A.weight': [4, 320] }),
      /this is a LoRA/,
    ],
    ['a ControlNet', () => ({ 'control_model.time_embed.0.weight': [1280, 320] }), /ControlNet/],
    [
      'an autoencoder',
      () => ({ 'encoder.down.0.block.0.conv1.weight': [128, 128, 3, 3] }),
      /only an autoencoder/,
    ],
    [
      'one folder of diffusers',
      () => ({ 'down_blocks.0.resnets.0.conv1.weight': [1] }),
      /holds its model_index\.json/,
    ],
    ['something else', () => ({ 'layer.weight': [1] }), /holds no UNet/],
    ['a UNet alone', () => without('sd1', 'cond_stage_model.'), /a UNet but no text encoder/],
    [
      'a file without its autoencoder',
      () => without('sd1', 'first_stage_model.'),
      /a UNet but no autoencoder/,
    ],
    [
      'SDXL without its second encoder',
      () => without('sdxl', 'conditioner.embedders.1.'),
      /no second text encoder/,
    ],
    [
      'InstructPix2Pix',
      () => unet('input_blocks.0.0.weight', [320, 8, 3, 3]),
      /takes 8 channels.*InstructPix2Pix/,
    ],
    [
      'added parts',
      () => unet('input_blocks.1.1.adapter.weight', [1]),
      /"model\.diffusion_model\.input_blocks\.1\.1\.adapter\.weight" belongs to no/,
    ],
    [
      'a pruned SDXL',
      () => without('sdxl', 'model.diffusion_model.middle_block.1.transformer_blocks.9.'),
      /built differently.*middle block has 9/,
    ],
  ])('refuses %s by name', async (_what, shapes, message) => {
    await expect(readSingleFile(hollow(shapes()))).rejects.toThrow(message);
    await expect(readSingleFile(hollow(shapes()))).rejects.toThrow(/^model\.safetensors: /);
  });
});

describe('readSingleFile on tiny files', () => {
  const tinySchema = z.object({
    configs,
    components: z.partialRecord(componentNames, z.record(z.string(), z.tuple([shape, z.string()]))),
  });
  const digest = async (tensor: IndexedTensor) =>
    createHash('sha256')
      .update(await readTensor(tensor))
      .digest('hex')
      .slice(0, 16);

  it.each(['sd2', 'sdxl'])('gives every byte of every tensor of %s', async (family) => {
    const expected = tinySchema.parse(json(readFileSync(`goldens/checkpoints/${family}.json`)));
    const model = await readSingleFile(await openCheckpoint(golden(`checkpoints/${family}.safetensors`)));
    expect(model).toMatchObject({ family, unused: [] });
    for (const component of componentNames.options) {
      const found: Record<string, [readonly number[], string]> = {};
      for (const [key, tensor] of model.components.get(component)?.tensors ?? []) {
        found[key] = [tensor.shape, await digest(tensor)];
      }
      expect(found).toEqual(expected.components[component] ?? {});
    }
    // Heads and norm groups leave no trace in the shapes: these follow the family's rule.
    const { attention_head_dim, norm_num_groups, ...unet } = expected.configs.unet ?? {};
    expect(configOf(model, 'unet')).toMatchObject(unet);
    const vae = expected.configs.vae ?? {};
    expect(configOf(model, 'vae').block_out_channels).toEqual(vae.block_out_channels);
    expect(configOf(model, 'text_encoder')).toMatchObject({
      num_hidden_layers: 2,
      hidden_size: 8,
      vocab_size: 64,
    });
  });

  it('gives the tensors of the folder that a .ckpt was made from, views and all', async () => {
    const folder = {
      unet: 'diffusion_pytorch_model',
      vae: 'diffusion_pytorch_model',
      text_encoder: 'model',
    } as const;
    const known = { attention_head_dim: 4, norm_num_groups: 8 };
    const checkpoint = await openCheckpoint(golden('checkpoints/sd15.ckpt'));
    const model = await readSingleFile(checkpoint, { configs: { unet: known, vae: { norm_num_groups: 8 } } });
    for (const component of ['unet', 'vae', 'text_encoder'] as const) {
      const { tensors } = await openCheckpoint(
        golden(`models/sd15/${component}/${folder[component]}.safetensors`),
      );
      const found = model.components.get(component)?.tensors ?? new Map();
      expect([...found.keys()].sort()).toEqual([...tensors.keys()].sort());
      for (const [key, tensor] of tensors) {
        const mapped = found.get(key);
        expect([mapped?.dtype, mapped?.shape]).toEqual([tensor.dtype, tensor.shape]);
        expect(mapped && Buffer.compare(await readTensor(mapped), await readTensor(tensor)), key).toBe(0);
      }
    }
    expect([...model.unused].sort()).toEqual([
      'betas',
      'model_ema.decay',
      'model_ema.diffusion_modelout2bias',
      'model_ema.num_updates',
    ]);
    const config = (component: string) => json(readFileSync(`goldens/models/sd15/${component}/config.json`));
    expect({ ...parseUnet2dConfig(configOf(model, 'unet')), sampleSize: 8 }).toEqual(
      parseUnet2dConfig(config('unet')),
    );
  });
});
