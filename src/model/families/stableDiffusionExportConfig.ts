/** What the small files beside the ONNX graphs of a Stable Diffusion say. */
import { z } from 'zod';
import { UnsupportedError } from '../../contract/errors';
import type { ConfigFiles } from '../configFiles';
import type { ExportedVaeConfig } from '../onnxExport/components';
import { refuseOtherEncoders } from './stableDiffusionNetworks';
import { pipelineOf, type StableDiffusionRules } from './stableDiffusionRules';

const count = z.number().int().positive();
const indexSchema = z.looseObject({
  _class_name: z.string(),
  text_encoder_2: z.tuple([z.string().nullable(), z.string().nullable()]).nullish(),
  force_zeros_for_empty_prompt: z.boolean().nullish(),
});
// A missing file or field means Stable Diffusion 1's: diffusers' conversion script wrote none.
const unetSchema = z
  .looseObject({
    sample_size: count.nullish(),
    in_channels: count.nullish(),
    time_cond_proj_dim: count.min(4).nullish(),
  })
  .default({});
const textSchema = z
  .looseObject({ hidden_size: count.nullish(), projection_dim: count.nullish() })
  .default({});
const vaeSchema = z
  .looseObject({
    scaling_factor: z.number().positive().nullish(),
    latent_channels: count.nullish(),
    block_out_channels: z.array(count).min(1).nullish(),
    force_upcast: z.boolean().nullish(),
  })
  .default({});

/** What the files beside the graphs say, as far as they exist. */
export interface ExportedConfig {
  zerosForEmptyPrompt: boolean;
  /** What the pipeline's name says; the graph itself decides. */
  isNamedInpainting: boolean;
  /** Absent if the files do not say it. */
  inChannels?: number;
  /** Latent consistency models: the size of the guidance embedding that the UNet takes. */
  guidanceWidth?: number;
  /** Side in pixels that the UNet was trained at. */
  nativeSize: number;
  vae: ExportedVaeConfig;
  /** Of the text encoders, in their order. */
  texts: readonly { width?: number; pooledWidth?: number }[];
}

/** @throws CheckpointError if the index names another pipeline, or a field is of another type */
export async function readExportedConfig(
  rules: StableDiffusionRules,
  files: ConfigFiles,
): Promise<{ config: ExportedConfig; vaeJson: unknown }> {
  const { name } = files;
  const index = parse(name, 'model_index.json', indexSchema, await files.json('model_index.json'));
  refuseOtherEncoders(name, index._class_name, index.text_encoder_2, rules.texts.length > 1);
  const unet = parse(name, 'unet/config.json', unetSchema, await files.optionalJson('unet/config.json'));
  const vaePath = 'vae_decoder/config.json';
  const vaeJson = await files.optionalJson(vaePath);
  const vae = parse(name, vaePath, vaeSchema, vaeJson);
  const downscale = 2 ** ((vae.block_out_channels?.length ?? 4) - 1);
  const texts = [];
  for (const { folder } of rules.texts) {
    const path = `${folder}/config.json`;
    const { hidden_size, projection_dim } = parse(name, path, textSchema, await files.optionalJson(path));
    texts.push({
      ...(hidden_size && { width: hidden_size }),
      ...(projection_dim && { pooledWidth: projection_dim }),
    });
  }
  const config = {
    zerosForEmptyPrompt: index.force_zeros_for_empty_prompt ?? true,
    isNamedInpainting: pipelineOf(index._class_name)?.isInpainting ?? false,
    ...(unet.in_channels && { inChannels: unet.in_channels }),
    ...(unet.time_cond_proj_dim && { guidanceWidth: unet.time_cond_proj_dim }),
    nativeSize: (unet.sample_size ?? rules.latentSide) * downscale,
    vae: {
      scalingFactor: vae.scaling_factor ?? rules.vae.scalingFactor,
      latentChannels: vae.latent_channels ?? 4,
      downscale,
    },
    texts,
  };
  return { config, vaeJson };
}

function parse<Schema extends z.ZodType>(
  model: string,
  path: string,
  schema: Schema,
  json: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UnsupportedError(`model "${model}": ${path}: ${issue?.path.join('.')} ${issue?.message}`);
}
