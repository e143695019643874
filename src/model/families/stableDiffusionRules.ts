/** The rules in which the families of Stable Diffusion differ, and the folders that follow from them. */
import type { FamilyId } from '../../contract/families';
import type { LoraMarks, WeightFolder, WeightSet } from '../blueprint';
import type { Component, OriginalPart } from '../checkpoint/keyMaps/component';
import type { SingleFileRules } from '../checkpoint/singleFile';

/** A text encoder of a family. */
export interface TextEncoderRules {
  folder: 'text_encoder' | 'text_encoder_2';
  tokenizer: 'tokenizer' | 'tokenizer_2';
  kohya: readonly string[];
  /** Whether the UNet also reads its pooled output. */
  isPooled: boolean;
  /** How a file with the whole model stores it. */
  inSingleFile: {
    prefixes: readonly [string, ...string[]];
    map(part: OriginalPart): Component;
    padToken: '<|endoftext|>' | '!';
    /** Whether its presence identifies the family. */
    isTelling: boolean;
  };
}

/** The differences between the Stable Diffusion families. */
export interface StableDiffusionRules {
  id: FamilyId;
  texts: readonly [TextEncoderRules, ...TextEncoderRules[]];
  /** Which hidden states of the text encoders the UNet reads. */
  hiddenState: 'last' | 'penultimate';
  /** Of the UNet's attentions; undefined if the pipeline's class tells the family already. */
  hasLinearProjections?: boolean;
  /** SDXL's UNet also reads the pooled text and sizes, and an empty negative prompt may mean zeros. */
  readsAddedEmbeddings: boolean;
  /** Latents a side that it is usually trained at. */
  latentSide: number;
  vae: {
    /** For the latents, if no configuration gives it. */
    scalingFactor: number;
    /** Whether it runs in float32 on every device, unless its `force_upcast` is false. */
    overflowsInHalf: boolean;
  };
  singleFile: Pick<SingleFileRules, 'unet' | 'prediction' | 'scheduler' | 'schedulerMarks'>;
  lora: LoraMarks;
}

/** The first text encoder, in the folder that all families have. */
export const firstText = {
  folder: 'text_encoder',
  tokenizer: 'tokenizer',
  kohya: ['te', 'te1'],
  isPooled: false,
} as const;

/** The second, which SDXL has. */
export const secondText = {
  folder: 'text_encoder_2',
  tokenizer: 'tokenizer_2',
  kohya: ['te2'],
  isPooled: true,
} as const;

/** The folders of a family's weights. */
export function weightsOf({ texts, vae }: StableDiffusionRules): readonly WeightFolder[] {
  return [
    ...texts.map(
      ({ folder, kohya }): WeightFolder => ({
        folder,
        stem: 'model',
        exports: [folder],
        kohya,
        precision: (device) => device,
      }),
    ),
    {
      folder: 'unet',
      stem: 'diffusion_pytorch_model',
      exports: ['unet'],
      kohya: ['unet'],
      precision: (device) => device,
    },
    {
      folder: 'vae',
      stem: 'diffusion_pytorch_model',
      exports: ['vae_encoder', 'vae_decoder'],
      kohya: [],
      configDecides: vae.overflowsInHalf,
      // diffusers reads force_upcast, whose default is true, only in the pipelines of SDXL.
      precision: (device, config) =>
        vae.overflowsInHalf && fieldOf(config, 'force_upcast') !== false ? 'fp32' : device,
    },
  ];
}

function weightFolder(rules: StableDiffusionRules, folder: string): WeightFolder {
  const found = weightsOf(rules).find((weights) => weights.folder === folder);
  if (found === undefined) throw new TypeError(`${rules.id} has no folder ${folder}`);
  return found;
}

/** @param config the folder's `config.json`, which may decide its precision */
export function weightSet(rules: StableDiffusionRules, name: string, config?: unknown): WeightSet {
  const { folder, stem, precision } = weightFolder(rules, name);
  return { folder, stem, precision: (device) => precision(device, config) };
}

/**
 * diffusers' pipelines whose networks these are; optimum and diffusers put a word before the names of their exports. Safe
 * Stable Diffusion guides away from some subjects; its networks are Stable Diffusion 1's.
 */
const PIPELINES =
  /^(?:ORT|Onnx)?(?:StableDiffusion(?<xl>XL)?(?<inpaint>Inpaint|Img2Img)?Pipeline|StableDiffusionPipelineSafe|LatentConsistencyModel(?:Img2Img)?Pipeline)$/;

/** What a diffusers pipeline's name implies; undefined if it has other networks. */
export function pipelineOf(className: string): { isXl: boolean; isInpainting: boolean } | undefined {
  const match = PIPELINES.exec(className);
  return match === null
    ? undefined
    : { isXl: match.groups?.xl !== undefined, isInpainting: match.groups?.inpaint === 'Inpaint' };
}

/** A field of unchecked JSON. */
export function fieldOf(json: unknown, field: string): unknown {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, field)
    ? (json as Readonly<Record<string, unknown>>)[field]
    : undefined;
}
