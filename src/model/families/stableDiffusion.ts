/**
 * What the families of Stable Diffusion share: CLIP text encoders, a UNet and an autoencoder, in the same folders. Each
 * family's file gives the rules in which it differs.
 */
import type { Evidence, Family } from '../blueprint';
import type { SingleFileRules } from '../checkpoint/singleFile';
import { describeExportedNetworks } from './stableDiffusionExport';
import { describeNetworks } from './stableDiffusionNetworks';
import {
  fieldOf,
  pipelineOf,
  type StableDiffusionRules,
  secondText,
  weightsOf,
} from './stableDiffusionRules';

export function stableDiffusion(rules: StableDiffusionRules): Family {
  return {
    id: rules.id,
    weights: weightsOf(rules),
    tokenizers: rules.texts.map(({ tokenizer }) => tokenizer),
    recognises: (evidence) => recognises(rules, evidence),
    describe: (files) => describeNetworks(rules, files),
    describeExport: (files, readSkeleton) => describeExportedNetworks(rules, files, readSkeleton),
    singleFile: singleFileRules(rules),
    lora: rules.lora,
  };
}

function recognises(rules: StableDiffusionRules, { index, unet, paths }: Evidence): boolean {
  const pipelineClass = fieldOf(index, '_class_name');
  const isXl = rules.texts.length > 1;
  if (typeof pipelineClass === 'string') {
    const pipeline = pipelineOf(pipelineClass);
    if (pipeline === undefined || isXl !== pipeline.isXl) return false;
  } else if (isXl !== (paths?.some((path) => path.startsWith(`${secondText.folder}/`)) ?? false))
    return false;
  // Among those with one text encoder, the second has linear projections.
  return rules.hasLinearProjections === undefined
    ? true
    : rules.hasLinearProjections === (fieldOf(unet, 'use_linear_projection') === true);
}

function singleFileRules(rules: StableDiffusionRules): SingleFileRules {
  const { id, texts, vae, readsAddedEmbeddings, singleFile } = rules;
  const ordinals = texts.length > 1 ? ['first ', 'second '] : [''];
  return {
    ...singleFile,
    family: id,
    readsAddedEmbeddings,
    texts: texts.map(({ folder, tokenizer, inSingleFile }, i) => ({
      folder,
      tokenizer,
      what: `${ordinals[i]}text encoder`,
      ...inSingleFile,
    })),
    vae: { scalingFactor: vae.scalingFactor, forceUpcast: vae.overflowsInHalf },
    modelIndex: ({ inChannels }) => ({
      _class_name: `StableDiffusion${readsAddedEmbeddings ? 'XL' : ''}${inChannels === 9 ? 'Inpaint' : ''}Pipeline`,
      unet: ['diffusers', 'UNet2DConditionModel'],
      vae: ['diffusers', 'AutoencoderKL'],
      ...Object.fromEntries(
        texts.flatMap(({ folder, tokenizer, isPooled }) => [
          [folder, ['transformers', `CLIPTextModel${isPooled ? 'WithProjection' : ''}`]],
          [tokenizer, ['transformers', 'CLIPTokenizer']],
        ]),
      ),
      ...(readsAddedEmbeddings && { force_zeros_for_empty_prompt: true }),
    }),
  };
}
