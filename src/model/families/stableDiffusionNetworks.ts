/** A Stable Diffusion from its configurations, as networks that Inlay builds. */
import { z } from 'zod';
import { CheckpointError, UnsupportedError } from '../../contract/errors';
import { NAME_ANOTHER } from '../../contract/families';
import type { ModelFacts } from '../../contract/modelLibrary';
import { type Things, thingsSchema } from '../../contract/things';
import {
  type AutoencoderKlConfig,
  buildVaeDecoder,
  buildVaeEncoder,
} from '../../graph/networks/autoencoderKl';
import { buildClipText, type ClipTextConfig, type ClipTextOutputs } from '../../graph/networks/clipText';
import { buildUnet2d, TIME_IDS, type Unet2dConfig } from '../../graph/networks/unet2d';
import { stableDiffusion } from '../../pipeline/conditioning/stableDiffusion';
import { type Model, TEXT_ROWS_AT_ONCE, type TextBranch, type TextEncoder } from '../../pipeline/model';
import type { Blueprint, Opener, Part } from '../blueprint';
import { builtNetworks } from '../builtNetworks';
import { createTextEncoder, createUnet, createVae, isCoarse } from '../components';
import type { ConfigFiles } from '../configFiles';
import { parseVaeConfig } from '../configs/autoencoderKl';
import { parseClipTextConfig } from '../configs/clipText';
import { parseUnet2dConfig } from '../configs/unet2d';
import { lazyDisposable } from '../lazy';
import { traitsFrom } from '../traits';
import { type StableDiffusionRules, type TextEncoderRules, weightSet } from './stableDiffusionRules';

/** Beside the configurations of a model that draws things. */
const THINGS_FILE = 'concepts.json';

/** What the configurations say of all networks. */
interface NetworkConfigs {
  /** In the order of the rules' text encoders. */
  texts: readonly ClipTextConfig[];
  unet: Unet2dConfig;
  vae: AutoencoderKlConfig;
  /** An empty negative prompt means embeddings of zero. */
  zerosForEmptyPrompt: boolean;
  drawsThings: boolean;
}

/** @throws CheckpointError if a configuration is missing, wrong, or does not fit the others */
export async function describeNetworks(rules: StableDiffusionRules, files: ConfigFiles): Promise<Blueprint> {
  const index = parseIndex(await files.json('model_index.json'), files.name, rules.texts.length > 1);
  const texts: ClipTextConfig[] = [];
  for (const { folder } of rules.texts) {
    texts.push(parseClipTextConfig(await files.json(`${folder}/config.json`), folder));
  }
  const unet = parseUnet2dConfig(await files.json('unet/config.json'));
  const vaeJson = await files.json('vae/config.json');
  const vae = parseVaeConfig(vaeJson);
  const configs: NetworkConfigs = { texts, unet, vae, ...index };
  refuseMisfits(files.name, configs);
  const parts = networkParts(rules, configs, vaeJson);
  const facts: ModelFacts = {
    family: rules.id,
    isInpainting: unet.inChannels > vae.latentChannels,
    nativeSize: unet.sampleSize * downscaleOf(vae),
    ...(index.drawsThings && { ownScale: true }),
    traits: traitsFrom(
      unet.guidanceWidth !== undefined,
      await files.lenientJson('scheduler/scheduler_config.json'),
    ),
  };
  return {
    name: files.name,
    facts,
    parts: [...rules.texts.map((text, i) => textPart(rules, text, texts[i] as ClipTextConfig)), ...parts],
    form: builtNetworks,
    connect: (opener) => connect(rules, configs, facts, files, parts, opener),
  };
}

/** @returns what the model can draw; empty if its files do not say @throws CheckpointError if they say it wrongly */
async function thingsOf(files: ConfigFiles): Promise<Things> {
  const parsed = thingsSchema.safeParse((await files.optionalJson(THINGS_FILE)) ?? []);
  if (parsed.success) return parsed.data;
  throw new CheckpointError(`model "${files.name}": ${THINGS_FILE} is no list of names and synonyms`);
}

/** Sessions of built networks as the model that the loop runs; each is opened at its first use. */
async function connect(
  rules: StableDiffusionRules,
  { texts, unet, vae, zerosForEmptyPrompt, drawsThings }: NetworkConfigs,
  facts: ModelFacts,
  files: ConfigFiles,
  [encoderPart, unetPart, decoderPart]: NetworkParts,
  { runtime, open }: Opener,
): Promise<Model> {
  const schedulerConfig = await files.scheduler();
  const branches = await Promise.all(
    rules.texts.map(async (text, i) => {
      const config = texts[i] as ClipTextConfig;
      let addsRows = false;
      const encoder = lazyDisposable<TextEncoder>(async () => {
        const { session } = await open(textPart(rules, text, config, addsRows));
        return createTextEncoder(session, config, text.isPooled, addsRows);
      });
      /** Replaces the session that takes no rows: two would need their weights twice. */
      const withRows = async () => {
        if (!addsRows) {
          await encoder.dispose();
          addsRows = true;
        }
        return encoder.get();
      };
      const branch: TextBranch = {
        tokenizer: await files.tokenizer(text.tokenizer),
        table: { rows: config.vocabSize, width: config.hiddenSize },
        encoder: (wantsRows = false) => (wantsRows ? withRows() : encoder.get()),
      };
      return { branch, encoder };
    }),
  );
  const denoiser = lazyDisposable(async () => createUnet((await open(unetPart)).session, unet));
  const autoencoder = createVae(
    runtime,
    vae,
    async () => (await open(encoderPart)).session,
    async () => (await open(decoderPart)).session,
  );
  return stableDiffusion({
    name: files.name,
    text: branches.map(({ branch }) => branch),
    ...(rules.readsAddedEmbeddings && { xl: { zerosForEmptyPrompt } }),
    schedulerConfig,
    ...(unet.guidanceWidth !== undefined && { guidanceWidth: unet.guidanceWidth }),
    nativeSize: facts.nativeSize,
    ...(drawsThings && { ownScale: true, drawsThings: await thingsOf(files) }),
    ...(autoencoder.downscale > 8 && { multiple: autoencoder.downscale }),
    isCoarse: isCoarse(runtime.target),
    upload: (values, dims) => runtime.upload(values, dims),
    denoiser: () => denoiser.get(),
    vae: () => Promise.resolve(autoencoder),
    async dispose() {
      for (const { encoder } of branches) await encoder.dispose();
      await denoiser.dispose();
      await autoencoder.dispose();
    },
  });
}

/** Pixels per latent along one side. */
function downscaleOf({ blockOutChannels }: AutoencoderKlConfig): number {
  return 2 ** (blockOutChannels.length - 1);
}

/** @param addsRows whether the graph takes vectors that its table lacks */
function textPart(
  rules: StableDiffusionRules,
  { folder, isPooled }: TextEncoderRules,
  config: ClipTextConfig,
  addsRows = false,
): Part {
  const outputs: ClipTextOutputs = { hiddenState: rules.hiddenState, pooled: isPooled, addsRows };
  return {
    name: folder.replaceAll('_', ' '),
    weights: weightSet(rules, folder),
    build: ({ tensors }, target) => buildClipText(config, tensors, target, outputs, folder),
    // Both rows of guidance; a prompt's chunks are encoded as rows too.
    dims: ({ chunks }) => ({ batch: Math.min(2 * chunks, TEXT_ROWS_AT_ONCE) }),
  };
}

type NetworkParts = readonly [encoder: Part, unet: Part, decoder: Part];

/** VAE encoder, UNet and VAE decoder: the order in which a run uses them. */
function networkParts(
  rules: StableDiffusionRules,
  { texts, unet, vae }: NetworkConfigs,
  vaeJson: unknown,
): NetworkParts {
  const vaeWeights = weightSet(rules, 'vae', vaeJson);
  const downscale = downscaleOf(vae);
  const tokens = texts[0]?.length ?? 0;
  return [
    {
      name: 'vae encoder',
      weights: vaeWeights,
      tiledHalf: () => 'encoder',
      build: ({ tensors }, target) => buildVaeEncoder(vae, tensors, target),
      dims: ({ width, height }) => ({ batch: 1, width, height }),
    },
    {
      name: 'unet',
      weights: weightSet(rules, 'unet'),
      build: ({ tensors }, target) => buildUnet2d(unet, tensors, target),
      dims: ({ width, height, chunks }) => ({
        width: width / downscale,
        height: height / downscale,
        // A UNet that takes the guidance scale as an input computes one row; others compute both rows of guidance.
        batch: unet.guidanceWidth === undefined ? 2 : 1,
        sample_batch: 1,
        mask_batch: 1,
        // A prompt's chunks are read one after another.
        tokens: tokens * chunks,
      }),
    },
    {
      name: 'vae decoder',
      weights: vaeWeights,
      tiledHalf: () => 'decoder',
      build: ({ tensors }, target) => buildVaeDecoder(vae, tensors, target),
      dims: ({ width, height }) => ({
        batch: 1,
        latent_width: width / downscale,
        latent_height: height / downscale,
      }),
    },
  ];
}

/** Library and class of each component; [null, null] if the pipeline goes without it. */
const indexSchema = z.looseObject({
  _class_name: z.string(),
  unet: z.tuple([z.string(), z.literal('UNet2DConditionModel', { error: 'is not a UNet2DConditionModel' })]),
  vae: z.tuple([z.string(), z.literal('AutoencoderKL', { error: 'is not an AutoencoderKL' })]),
  text_encoder: z.tuple([z.string(), z.literal('CLIPTextModel', { error: 'is not a CLIPTextModel' })]),
  text_encoder_2: z
    .tuple([
      z.string().nullable(),
      z.literal(['CLIPTextModelWithProjection', null], { error: 'is not a CLIPTextModelWithProjection' }),
    ])
    .nullish(),
  force_zeros_for_empty_prompt: z.boolean().nullish(),
  /** Inlay's own, which diffusers ignores as it does all that begins with `_`: see pipeline/drawThing.ts. */
  _draws_things: z.boolean().optional(),
  requires_aesthetics_score: z
    .literal(false, { error: 'is true: a refiner, which only works behind another model' })
    .nullish(),
});

/**
 * `model_index.json`.
 * @param hasSecond whether its family has a second text encoder
 * @throws CheckpointError naming the component that Inlay cannot build
 */
export function parseIndex(
  json: unknown,
  model: string,
  hasSecond: boolean,
): { zerosForEmptyPrompt: boolean; drawsThings: boolean } {
  const parsed = indexSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UnsupportedError(
      `model "${model}": model_index.json: ${String(issue?.path[0] ?? 'the file')} ${issue?.message ?? 'is not valid'}; ` +
        `${NAME_ANOTHER} in the diffusers layout`,
    );
  }
  const { _class_name, _draws_things, text_encoder_2, force_zeros_for_empty_prompt } = parsed.data;
  refuseOtherEncoders(model, _class_name, text_encoder_2, hasSecond);
  return { zerosForEmptyPrompt: force_zeros_for_empty_prompt ?? true, drawsThings: _draws_things ?? false };
}

/** @throws CheckpointError if a pipeline's class and its second text encoder belong to two families */
export function refuseOtherEncoders(
  model: string,
  pipelineClass: string,
  second: readonly unknown[] | null | undefined,
  hasSecond: boolean,
): void {
  if (hasSecond === (typeof second?.[1] === 'string')) return;
  throw new UnsupportedError(
    `model "${model}": model_index.json: a ${pipelineClass} ${hasSecond ? 'needs' : 'has no'} text_encoder_2`,
  );
}

/** @throws CheckpointError if networks that are sound by themselves do not fit together */
function refuseMisfits(
  model: string,
  { texts, unet, vae: { latentChannels } }: Pick<NetworkConfigs, 'texts' | 'unet' | 'vae'>,
): void {
  const { textTime, downBlocks } = unet;
  const refuse = (reason: string): never => {
    throw new UnsupportedError(`model "${model}": ${reason}`);
  };
  refuseOtherTask(model, unet, latentChannels);
  const lengths = new Set(texts.map(({ length }) => length));
  if (lengths.size > 1) refuse('its text encoders take rows of different length');
  const width = texts.reduce((sum, { hiddenSize }) => sum + hiddenSize, 0);
  const wanted = downBlocks.find(({ attention }) => attention)?.attention?.contextWidth;
  if (wanted !== undefined && wanted !== width) {
    refuse(`its text encoders are ${width} wide, but its UNet reads a width of ${wanted}`);
  }
  const second = texts[1];
  refuseOtherAddition(model, { reads: textTime !== undefined, wanted: second !== undefined });
  if (second === undefined || textTime === undefined) return;
  const sizes = (textTime.inputWidth - (second.projection ?? second.hiddenSize)) / textTime.timeWidth;
  if (sizes !== TIME_IDS) {
    refuse(`its UNet reads ${sizes} numbers beside the pooled text, where SDXL has ${TIME_IDS}`);
  }
}

/** @throws CheckpointError if the UNet's channels are those of neither a plain nor an inpainting model */
export function refuseOtherTask(
  model: string,
  { inChannels, outChannels }: { inChannels: number; outChannels: number },
  latentChannels: number,
): void {
  const inpainting = 2 * latentChannels + 1;
  if (outChannels === latentChannels && [latentChannels, inpainting].includes(inChannels)) return;
  throw new UnsupportedError(
    `model "${model}": its UNet takes ${inChannels} channels and gives ${outChannels}, where inpainting has ` +
      `${latentChannels} or ${inpainting} and ${latentChannels}: it is made for another task`,
  );
}

/** @throws CheckpointError if only one of UNet and text encoders is SDXL's */
export function refuseOtherAddition(
  model: string,
  { reads, wanted }: { reads: boolean; wanted: boolean },
): void {
  if (reads === wanted) return;
  throw new UnsupportedError(
    `model "${model}": its UNet ${reads ? 'reads' : 'lacks'} SDXL's added embeddings, unlike its text encoders`,
  );
}
