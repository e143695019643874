/**
 * A single file that holds a whole Stable Diffusion (`.safetensors` or `.ckpt` of the original programs) as the
 * components that a repository in the diffusers layout would have: keys renamed, configs derived.
 * Facts: diffusers, loaders/single_file_utils.py.
 */
import { CheckpointError, UnsupportedError } from '../../contract/errors';
import { refuseUnsupportedTensors } from './architecture';
import { mapClip } from './keyMaps/clip';
import { type Component, type OriginalPart, partOf } from './keyMaps/component';
import { mapOpenClipPenultimate, mapOpenClipWithProjection } from './keyMaps/openClip';
import { mapUnet, type UnetLayout, type UnetRules, unetLayout } from './keyMaps/unet';
import { mapVae } from './keyMaps/vae';
import type { StoredCheckpoint } from './reader';
import { detectPrediction, type Family, type PredictionType, schedulerConfig } from './schedulers';

export type { Component } from './keyMaps/component';
export type { Family, PredictionType } from './schedulers';

export type ComponentName = 'unet' | 'vae' | 'text_encoder' | 'text_encoder_2';

export interface SingleFileModel {
  family: Family;
  /** Of the UNet's first convolution: 4, or 9 for inpainting. */
  inChannels: number;
  prediction: PredictionType;
  components: Partial<Record<ComponentName, Component>> & Record<'unet' | 'vae' | 'text_encoder', Component>;
  /** What `scheduler_config.json` would say. */
  scheduler: Readonly<Record<string, unknown>>;
  /** What `model_index.json` would say. */
  modelIndex: Readonly<Record<string, unknown>>;
  /** All of the family use CLIP's vocabulary, which the file does not hold; they differ in what they pad with. */
  padTokens: { tokenizer: '<|endoftext|>' | '!'; tokenizer_2?: '!' };
  /** Keys that belong to none of the components: EMA copies, noise schedules, training state. */
  unused: readonly string[];
}

export interface SingleFileOptions {
  /** What is known better than the file says it, in `config.json`'s own fields; wins over what is derived. */
  configs?: Partial<Record<ComponentName, Readonly<Record<string, unknown>>>> | undefined;
  prediction?: PredictionType | undefined;
  signal?: AbortSignal | undefined;
}

const UNET = 'model.diffusion_model.';
const VAES = ['first_stage_model.', 'vae.'];
const CLIP_SD1 = 'cond_stage_model.transformer.';
const CLIP_SDXL = 'conditioner.embedders.0.transformer.';
const OPEN_CLIP_SDXL = 'conditioner.embedders.1.model.';
/** The second is how Stability's later programs name the one encoder of SD-Turbo. */
const OPEN_CLIP_SD2 = ['cond_stage_model.model.', 'conditioner.embedders.0.model.'];

/** Width of SD 2's text encoder; the refiner's is 1280. */
const REFINER_WIDTH = 1280;

/**
 * @throws CheckpointError where the file is of another architecture, lacks a component, or has tensors that
 *   no component has
 */
export async function readSingleFile(
  checkpoint: StoredCheckpoint,
  options: SingleFileOptions = {},
): Promise<SingleFileModel> {
  const { name, tensors } = checkpoint;
  refuseUnsupportedTensors(name, tensors);
  const unetPart = partOf(name, tensors, UNET);
  if (unetPart.tensors.size === 0) {
    throw new UnsupportedError(
      `${name}: it holds no UNet ("${UNET}…"); it is no Stable Diffusion checkpoint in one file`,
    );
  }
  const layout = unetLayout(unetPart);
  refuseChannels(name, layout);
  const text = findTextEncoders(checkpoint, layout);
  const vaePart = VAES.map((prefix) => partOf(name, tensors, prefix)).find((part) => part.tensors.size > 0);
  if (vaePart === undefined) throw missing(name, 'autoencoder', VAES[0]);

  const { family } = text;
  const { inChannels } = layout;
  const prediction =
    options.prediction ??
    (await detectPrediction(checkpoint, family, inChannels, lastAttention(unetPart, layout), options.signal));
  const textEncoder = family === 'sd2' ? mapOpenClipPenultimate(text.first) : mapClip(text.first);
  const textEncoder2 = text.second && mapOpenClipWithProjection(text.second);
  const rules = unetRules(family, inChannels, prediction, textEncoder2);
  const derived = {
    unet: mapUnet(unetPart, layout, rules),
    vae: mapVae(vaePart, {
      scalingFactor: family === 'sdxl' ? 0.13025 : 0.18215,
      forceUpcast: family === 'sdxl',
      sampleSize: rules.sampleSize * 8,
    }),
    text_encoder: textEncoder,
    ...(textEncoder2 && { text_encoder_2: textEncoder2 }),
  };
  const withConfig = (component: ComponentName, { config, tensors }: Component): Component => ({
    config: { ...config, ...options.configs?.[component] },
    tensors,
  });
  const used = [UNET, vaePart.prefix, text.first.prefix, ...(text.second ? [text.second.prefix] : [])];
  return {
    family,
    inChannels,
    prediction,
    components: {
      unet: withConfig('unet', derived.unet),
      vae: withConfig('vae', derived.vae),
      text_encoder: withConfig('text_encoder', derived.text_encoder),
      ...(textEncoder2 && { text_encoder_2: withConfig('text_encoder_2', textEncoder2) }),
    },
    scheduler: {
      ...schedulerConfig(family, inChannels, prediction, layout.guidanceWidth !== undefined),
      // The mark of SDXL models trained down to a signal of zero.
      ...(family === 'sdxl' && tensors.has('ztsnr') ? { rescale_betas_zero_snr: true } : {}),
    },
    modelIndex: modelIndex(family, inChannels),
    padTokens:
      family === 'sdxl'
        ? { tokenizer: '<|endoftext|>', tokenizer_2: '!' }
        : { tokenizer: family === 'sd2' ? '!' : '<|endoftext|>' },
    unused: [...tensors.keys()].filter((key) => !used.some((prefix) => key.startsWith(prefix))),
  };
}

function refuseChannels(name: string, { inChannels, outChannels }: UnetLayout): void {
  if ((inChannels === 4 || inChannels === 9) && outChannels === 4) return;
  const kinds: Readonly<Record<number, string>> = {
    5: 'a depth-guided model',
    7: 'an upscaler',
    8: 'InstructPix2Pix or a video model',
  };
  throw new UnsupportedError(
    `${name}: its UNet takes ${inChannels} channels and gives ${outChannels}` +
      `${kinds[inChannels] === undefined ? '' : ` (${kinds[inChannels]})`}, which is not supported; ` +
      'Inlay runs models of 4 channels and inpainting models of 9',
  );
}

/** Which text encoders the file has tells its family. */
function findTextEncoders(
  { name, tensors }: StoredCheckpoint,
  layout: UnetLayout,
): { family: Family; first: OriginalPart; second?: OriginalPart } {
  const part = (prefix: string) => {
    const found = partOf(name, tensors, prefix);
    return found.tensors.size > 0 ? found : undefined;
  };
  const hasAddition = layout.additionWidth !== undefined;
  const second = part(OPEN_CLIP_SDXL);
  if (second !== undefined && hasAddition) {
    const first = part(CLIP_SDXL);
    if (first === undefined) throw missing(name, 'first text encoder', CLIP_SDXL);
    return { family: 'sdxl', first, second };
  }
  const openClip = OPEN_CLIP_SD2.map(part).find((found) => found !== undefined);
  if (hasAddition && (openClip !== undefined || layout.crossAttentionDim === REFINER_WIDTH)) {
    const what = layout.crossAttentionDim === REFINER_WIDTH ? 'the SDXL refiner' : 'unCLIP';
    throw new UnsupportedError(
      `${name}: this is ${what}, which is not supported; Inlay runs Stable Diffusion 1.x, 2.x and SDXL`,
    );
  }
  if (hasAddition) throw missing(name, 'second text encoder', OPEN_CLIP_SDXL);
  if (openClip !== undefined) return { family: 'sd2', first: openClip };
  const clip = part(CLIP_SD1);
  if (clip !== undefined) return { family: 'sd1', first: clip };
  throw missing(name, 'text encoder', CLIP_SD1);
}

function missing(file: string, what: string, prefix: string | undefined): CheckpointError {
  return new CheckpointError(
    `${file}: it holds a UNet but no ${what} ("${prefix}…"); use the whole checkpoint, or the model in the diffusers layout`,
  );
}

function unetRules(
  family: Family,
  inChannels: number,
  prediction: PredictionType,
  textEncoder2: Component | undefined,
): UnetRules {
  switch (family) {
    case 'sd1':
      return { heads: { count: 8 }, sampleSize: 64 };
    case 'sd2': {
      const is768 = prediction === 'v_prediction' && inChannels === 4;
      return { heads: { channels: 64 }, sampleSize: is768 ? 96 : 64, upcastAttention: is768 };
    }
    case 'sdxl': {
      const pooled = textEncoder2?.config.projection_dim;
      return {
        heads: { channels: 64 },
        sampleSize: 128,
        ...(typeof pooled === 'number' ? { pooledWidth: pooled } : {}),
      };
    }
    default:
      return family satisfies never;
  }
}

/** The attention nearest to the output, by its original key. */
function lastAttention(
  part: OriginalPart,
  { layersPerBlock, blockOutChannels }: UnetLayout,
): string | undefined {
  const last = (layersPerBlock + 1) * blockOutChannels.length - 1;
  return part.tensors.has(`output_blocks.${last}.1.norm.weight`)
    ? `${UNET}output_blocks.${last}.1`
    : undefined;
}

function modelIndex(family: Family, inChannels: number): Record<string, unknown> {
  const stem = family === 'sdxl' ? 'StableDiffusionXL' : 'StableDiffusion';
  return {
    _class_name: `${stem}${inChannels === 9 ? 'Inpaint' : ''}Pipeline`,
    unet: ['diffusers', 'UNet2DConditionModel'],
    vae: ['diffusers', 'AutoencoderKL'],
    text_encoder: ['transformers', 'CLIPTextModel'],
    tokenizer: ['transformers', 'CLIPTokenizer'],
    ...(family === 'sdxl' && {
      text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
      tokenizer_2: ['transformers', 'CLIPTokenizer'],
      force_zeros_for_empty_prompt: true,
    }),
  };
}
