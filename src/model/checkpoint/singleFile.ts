/**
 * A whole Stable Diffusion in one file (`.safetensors` or `.ckpt` of the original programs), presented as the components
 * that a repository in the diffusers layout would have: keys renamed, configurations derived. The families' differences come
 * in as rules. Facts: diffusers, loaders/single_file_utils.py.
 */
import { CheckpointError, UnsupportedError } from '../../contract/errors';
import { type FamilyId, familiesInWords } from '../../contract/families';
import { type Component, type OriginalPart, partOf } from './keyMaps/component';
import { mapUnet, type UnetLayout, type UnetRules, unetLayout } from './keyMaps/unet';
import { mapVae } from './keyMaps/vae';
import { type PredictionType, statedPrediction } from './prediction';
import type { StoredCheckpoint } from './reader';

export type { Component } from './keyMaps/component';
export type { PredictionType } from './prediction';

type Json = Readonly<Record<string, unknown>>;

export interface SingleFileModel {
  family: FamilyId;
  /** Input channels of the UNet: 4, or 9 for inpainting. */
  inChannels: number;
  prediction: PredictionType;
  /** By folder. */
  components: ReadonlyMap<string, Component>;
  /** What `scheduler_config.json` would say. */
  scheduler: Json;
  /** What `model_index.json` would say. */
  modelIndex: Json;
  /** What each tokenizer pads with, by folder. All use CLIP's vocabulary, which the file does not hold. */
  padTokens: ReadonlyMap<string, string>;
  /** Keys that belong to none of the components: EMA copies, noise schedules, training state. */
  unused: readonly string[];
}

export interface SingleFileOptions {
  /** What is known better than from the file, in `config.json`'s own fields; overrides what is derived. */
  configs?: Readonly<Record<string, Json>> | undefined;
  prediction?: PredictionType | undefined;
  signal?: AbortSignal | undefined;
}

/** What the tensors tell, before the family's rules apply. */
export interface SingleFileKind {
  /** Of the UNet. */
  inChannels: number;
  prediction: PredictionType;
}

/** How a family's models are stored in one file. */
export interface SingleFileRules {
  family: FamilyId;
  /** Whether its UNet takes an embedding beside the timestep's (SDXL: pooled text and sizes). */
  readsAddedEmbeddings: boolean;
  texts: readonly TextRules[];
  vae: { scalingFactor: number; forceUpcast: boolean };
  /** @param texts the text encoders, in their order */
  unet(kind: SingleFileKind, texts: readonly Component[]): UnetRules;
  /** @param unet.lastAttention key of the attention nearest to the output */
  prediction(
    checkpoint: StoredCheckpoint,
    unet: { inChannels: number; lastAttention: string | undefined },
    signal?: AbortSignal,
  ): Promise<PredictionType>;
  /** The scheduler of the family's repository in the diffusers layout; single files do not describe it. */
  scheduler(kind: SingleFileKind): Json;
  /** What a file nevertheless says about its scheduler. */
  schedulerMarks?(checkpoint: StoredCheckpoint): Json;
  modelIndex(kind: SingleFileKind): Json;
}

/** A text encoder in one file. */
export interface TextRules {
  folder: string;
  tokenizer: string;
  /** The prefixes that its keys may have. */
  prefixes: readonly [string, ...string[]];
  /** For errors, e.g. `second text encoder`. */
  what: string;
  /** Whether its presence identifies the family. */
  isTelling: boolean;
  map(part: OriginalPart): Component;
  padToken: string;
}

const UNET = 'model.diffusion_model.';
const VAES = ['first_stage_model.', 'vae.'] as const;

/**
 * @param families the rules of every family that may be in one file
 * @throws CheckpointError if the file lacks a component, or has tensors that no component has
 */
export async function readWithRules(
  checkpoint: StoredCheckpoint,
  families: readonly SingleFileRules[],
  options: SingleFileOptions = {},
): Promise<SingleFileModel> {
  const { name, tensors } = checkpoint;
  const unetPart = partOf(name, tensors, UNET);
  if (unetPart.tensors.size === 0) {
    throw new UnsupportedError(
      `${name}: it holds no UNet ("${UNET}…"); it is not a Stable Diffusion checkpoint in one file`,
    );
  }
  const layout = unetLayout(unetPart);
  refuseChannels(name, layout);
  const { rules, parts } = findTextEncoders(checkpoint, layout, families);
  const vaePart = VAES.map((prefix) => partOf(name, tensors, prefix)).find((part) => part.tensors.size > 0);
  if (vaePart === undefined) throw missing(name, 'autoencoder', VAES[0]);

  const { inChannels } = layout;
  const unet = { inChannels, lastAttention: lastAttention(unetPart, layout) };
  const prediction =
    options.prediction ??
    statedPrediction(checkpoint) ??
    (await rules.prediction(checkpoint, unet, options.signal));
  const kind = { inChannels, prediction };
  const texts = rules.texts.map(({ folder, map }, i) => [folder, map(parts[i] as OriginalPart)] as const);
  const unetRules = rules.unet(
    kind,
    texts.map(([, component]) => component),
  );
  const derived: (readonly [string, Component])[] = [
    ['unet', mapUnet(unetPart, layout, unetRules)],
    ['vae', mapVae(vaePart, { ...rules.vae, sampleSize: unetRules.sampleSize * 8 })],
    ...texts,
  ];
  const used = [UNET, vaePart.prefix, ...parts.map(({ prefix }) => prefix)];
  return {
    family: rules.family,
    inChannels,
    prediction,
    components: new Map(
      derived.map(([folder, { config, tensors }]) => [
        folder,
        { config: { ...config, ...options.configs?.[folder] }, tensors },
      ]),
    ),
    scheduler: schedulerConfig(rules, kind, checkpoint, layout.guidanceWidth !== undefined),
    modelIndex: rules.modelIndex(kind),
    padTokens: new Map(rules.texts.map(({ tokenizer, padToken }) => [tokenizer, padToken])),
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

/** Width that the UNet of SDXL's refiner reads: that of its one text encoder. */
const REFINER_WIDTH = 1280;
/** OpenCLIP as the only text encoder; the second is how Stability's later programs name that of SD-Turbo. */
export const LONE_OPEN_CLIP = ['cond_stage_model.model.', 'conditioner.embedders.0.model.'] as const;

/** The file's text encoders identify its family. */
function findTextEncoders(
  { name, tensors }: StoredCheckpoint,
  layout: UnetLayout,
  families: readonly SingleFileRules[],
): { rules: SingleFileRules; parts: readonly OriginalPart[] } {
  const find = (prefixes: readonly string[]) =>
    prefixes.map((prefix) => partOf(name, tensors, prefix)).find((found) => found.tensors.size > 0);
  const isAdded = layout.additionWidth !== undefined;
  const candidates = families.filter(({ readsAddedEmbeddings }) => readsAddedEmbeddings === isAdded);
  const rules = candidates.find(({ texts }) =>
    texts.some(({ isTelling, prefixes }) => isTelling && find(prefixes)),
  );
  if (rules === undefined) {
    const isRefiner = layout.crossAttentionDim === REFINER_WIDTH;
    if (isAdded && (isRefiner || find(LONE_OPEN_CLIP) !== undefined)) {
      throw new UnsupportedError(
        `${name}: this is ${isRefiner ? 'the SDXL refiner' : 'unCLIP'}, which is not supported; Inlay runs ` +
          familiesInWords('and'),
      );
    }
    const lacking = candidates[0]?.texts.find(({ isTelling }) => isTelling);
    throw missing(name, lacking?.what ?? 'text encoder', lacking?.prefixes[0]);
  }
  const parts = rules.texts.map(({ what, prefixes }) => {
    const found = find(prefixes);
    if (found === undefined) throw missing(name, what, prefixes[0]);
    return found;
  });
  return { rules, parts };
}

function missing(file: string, what: string, prefix: string | undefined): CheckpointError {
  return new CheckpointError(
    `${file}: it holds a UNet but no ${what} ("${prefix}…"); use the whole checkpoint, or the model in the diffusers layout`,
  );
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

/** What the schedulers of all these families' repositories share. */
const commonScheduler: Json = {
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  clip_sample: false,
  num_train_timesteps: 1000,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  trained_betas: null,
};

/** @param isConsistency whether it is a latent consistency model, distilled as a whole */
function schedulerConfig(
  rules: SingleFileRules,
  kind: SingleFileKind,
  checkpoint: StoredCheckpoint,
  isConsistency: boolean,
): Json {
  const own = isConsistency
    ? // latent-consistency/lcm-sdxl and SimianLuo/LCM_Dreamshaper_v7
      { _class_name: 'LCMScheduler', original_inference_steps: 50 }
    : rules.scheduler(kind);
  return {
    ...commonScheduler,
    ...own,
    prediction_type: kind.prediction,
    ...rules.schedulerMarks?.(checkpoint),
  };
}
