/** What lies beside exported networks: their index, and configurations of which some exports have none. */
import { z } from 'zod';
import { UnsupportedError } from '../../contract/errors';
import { unsupportedPipeline } from '../checkpoint/architecture';
import type { SmallFiles } from '../configFiles';
import type { ExportedVaeConfig } from './components';

/** optimum's pipelines, diffusers' own of before, and those that an exporter left under their own names. */
const PIPELINES =
  /^(?:ORT|Onnx)?(?:StableDiffusion(XL)?(Inpaint|Img2Img)?|LatentConsistencyModel(?:Img2Img)?)Pipeline$/;

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
    use_linear_projection: z.boolean().nullish(),
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

export interface ExportedConfig {
  isXl: boolean;
  zerosForEmptyPrompt: boolean;
  /** What the pipeline's name says; the graph itself decides. */
  isNamedInpainting: boolean;
  /** Absent where the files do not say. */
  inChannels?: number;
  /** Latent consistency models: numbers that tell the UNet the guidance. */
  guidanceWidth?: number;
  linearProjection: boolean;
  /** Side in pixels that the UNet was trained at. */
  nativeSize: number;
  vae: ExportedVaeConfig;
  /** Whether the autoencoder runs in float32 on every device: SDXL's overflows, unless its file says otherwise. */
  upcastsVae: boolean;
}

/** Each folder of a text encoder, and what the pipeline wants of it. */
export function textEncodersOf({ isXl }: Pick<ExportedConfig, 'isXl'>) {
  const folders = isXl ? (['text_encoder', 'text_encoder_2'] as const) : (['text_encoder'] as const);
  return folders.map((folder) => ({ folder, options: { isXl, pooled: folder === 'text_encoder_2' } }));
}

/** @throws CheckpointError where the index names another pipeline, or a field is of another type */
export async function readExportedConfig(
  model: string,
  { json, optionalJson }: SmallFiles,
): Promise<ExportedConfig> {
  const index = parseIndex(model, await json('model_index.json'));
  const { isXl } = index;
  const unet = parse(model, 'unet/config.json', unetSchema, await optionalJson('unet/config.json'));
  const vaePath = 'vae_decoder/config.json';
  const vae = parse(model, vaePath, vaeSchema, await optionalJson(vaePath));
  const downscale = 2 ** ((vae.block_out_channels?.length ?? 4) - 1);
  return {
    ...index,
    ...(unet.in_channels && { inChannels: unet.in_channels }),
    ...(unet.time_cond_proj_dim && { guidanceWidth: unet.time_cond_proj_dim }),
    linearProjection: unet.use_linear_projection ?? false,
    nativeSize: (unet.sample_size ?? (isXl ? 128 : 64)) * downscale,
    vae: {
      scalingFactor: vae.scaling_factor ?? (isXl ? 0.13025 : 0.18215),
      latentChannels: vae.latent_channels ?? 4,
      downscale,
    },
    upcastsVae: isXl && vae.force_upcast !== false,
  };
}

/** Widths of a text encoder, where its configuration says them. */
export async function readExportedText(
  model: string,
  folder: string,
  { optionalJson }: SmallFiles,
): Promise<{ width?: number; pooledWidth?: number }> {
  const path = `${folder}/config.json`;
  const { hidden_size, projection_dim } = parse(model, path, textSchema, await optionalJson(path));
  return {
    ...(hidden_size && { width: hidden_size }),
    ...(projection_dim && { pooledWidth: projection_dim }),
  };
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

function parseIndex(
  model: string,
  json: unknown,
): Pick<ExportedConfig, 'isXl' | 'zerosForEmptyPrompt' | 'isNamedInpainting'> {
  const architecture = unsupportedPipeline(json);
  if (architecture !== undefined) throw new UnsupportedError(`model "${model}": ${architecture}`);
  const index = parse(model, 'model_index.json', indexSchema, json);
  const family = PIPELINES.exec(index._class_name);
  if (family === null) {
    throw new UnsupportedError(
      `model "${model}": its pipeline is ${index._class_name}, which Inlay cannot run; it runs exports of Stable ` +
        'Diffusion 1, 2 and XL',
    );
  }
  const isXl = family[1] !== undefined;
  if (isXl !== (typeof index.text_encoder_2?.[1] === 'string')) {
    throw new UnsupportedError(
      `model "${model}": model_index.json: a ${index._class_name} ${isXl ? 'needs' : 'has no'} text_encoder_2`,
    );
  }
  return {
    isXl,
    zerosForEmptyPrompt: index.force_zeros_for_empty_prompt ?? true,
    isNamedInpainting: family[2] === 'Inpaint',
  };
}
