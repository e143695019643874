import { describe, expect, it } from 'vitest';
import { familyIds } from '../../contract/families';
import { configurationsOf, familyOfNetworks, knownNetworks } from '../../contract/knownNetworks';
import { describeModel } from '../describeModel';
import { filesOfTexts } from '../files';
import { families, familyNamed, familyOf, weightFolders } from './index';
import { parseIndex } from './stableDiffusionNetworks';
import { unsupportedFamilies, unsupportedPipeline } from './unsupported';

describe('the list of families', () => {
  it('has one row for each family of the contract but the embedded one, and names no folder or LoRA prefix twice', () => {
    expect(families.map(({ id }) => id)).toEqual(familyIds.filter((id) => id !== 'fill'));
    const folders = weightFolders.map(({ folder }) => folder);
    expect(new Set(folders).size).toBe(folders.length);
    const prefixes = weightFolders.flatMap(({ kohya }) => kohya);
    expect(new Set(prefixes).size).toBe(prefixes.length);
  });

  it('agrees on folders that several families have', () => {
    for (const { weights } of families) {
      for (const { folder, stem, exports, kohya } of weights) {
        expect(weightFolders.find((other) => other.folder === folder)).toMatchObject({
          stem,
          exports,
          kohya,
        });
      }
    }
  });
});

describe('familyOf', () => {
  const linear = { use_linear_projection: true };
  it.each([
    ['sd1', { index: { _class_name: 'StableDiffusionInpaintPipeline' } }],
    ['sd1', { index: { _class_name: 'LatentConsistencyModelPipeline' }, unet: {} }],
    ['sd1', { index: { _class_name: 'OnnxStableDiffusionPipeline' } }],
    ['sd1', { index: { _class_name: 'StableDiffusionPipelineSafe' } }],
    ['sd2', { index: { _class_name: 'StableDiffusionPipeline' }, unet: linear }],
    ['sdxl', { index: { _class_name: 'StableDiffusionXLImg2ImgPipeline' }, unet: linear }],
    ['sdxl', { index: { _class_name: 'ORTStableDiffusionXLPipeline' }, paths: ['unet/config.json'] }],
    // Without an index, the folders decide.
    ['sd1', { paths: ['unet/config.json', 'text_encoder/config.json'] }],
    ['sdxl', { paths: ['unet/config.json', 'text_encoder_2/config.json'] }],
    // The pipeline's class wins over folders that are there besides.
    ['sd1', { index: { _class_name: 'StableDiffusionPipeline' }, paths: ['text_encoder_2/config.json'] }],
    [undefined, { index: { _class_name: 'SomeOtherPipeline' }, paths: ['text_encoder_2/config.json'] }],
  ] as const)('%s: %j', (id, evidence) => {
    expect(familyOf(evidence)?.id).toBe(id);
  });
});

it.each(knownNetworks)('%s is described as its family, its parts in the order of a run', async (networks) => {
  const texts = [...configurationsOf(networks)].map(([path, json]) => [path, JSON.stringify(json)] as const);
  const { facts, parts } = await describeModel(filesOfTexts(networks, new Map(texts)));
  expect(facts.family).toBe(familyOfNetworks(networks));
  expect(facts.isInpainting).toBe(networks.endsWith('inpaint'));
  expect(facts.traits?.readsGuidance).toBe(networks.endsWith('lcm'));
  const isXl = facts.family === 'sdxl';
  expect(parts.map(({ name }) => name)).toEqual([
    'text encoder',
    ...(isXl ? ['text encoder 2'] : []),
    'vae encoder',
    'unet',
    'vae decoder',
  ]);
  const precisions = parts.map(({ weights }) => [weights.folder, weights.precision('fp16')]);
  for (const [folder, precision] of precisions) {
    expect(precision, folder).toBe(folder === 'vae' && isXl ? 'fp32' : 'fp16');
  }
});

it('only SDXL’s autoencoder is kept out of fp16, and only while its configuration does not allow it', () => {
  const stored = (id: 'sd1' | 'sd2' | 'sdxl', config: unknown) =>
    familyNamed(id)
      .weights.find(({ folder }) => folder === 'vae')
      ?.precision('fp16', config);
  for (const config of [undefined, {}, { force_upcast: true }, { force_upcast: null }]) {
    expect(stored('sdxl', config)).toBe('fp32');
    expect(stored('sd1', config)).toBe('fp16');
    expect(stored('sd2', config)).toBe('fp16');
  }
  expect(stored('sdxl', { force_upcast: false })).toBe('fp16');
});

describe('families that cannot run', () => {
  it('are listed once, each with something that tells it', () => {
    expect(new Set(unsupportedFamilies.map(({ name }) => name)).size).toBe(unsupportedFamilies.length);
    for (const { name, pipelines, key } of unsupportedFamilies) {
      expect(pipelines ?? key, name).toBeDefined();
    }
  });

  it('are told by the longest beginning of a pipeline’s name', () => {
    for (const { name, pipelines = [] } of unsupportedFamilies) {
      for (const start of pipelines) {
        expect(unsupportedPipeline({ _class_name: `${start}Pipeline` })).toContain(`this is ${name} (`);
      }
    }
  });
});

describe('model_index.json', () => {
  const index = {
    _class_name: 'StableDiffusionInpaintPipeline',
    unet: ['diffusers', 'UNet2DConditionModel'],
    vae: ['diffusers', 'AutoencoderKL'],
    text_encoder: ['transformers', 'CLIPTextModel'],
    safety_checker: [null, null],
  };
  const xl = {
    ...index,
    _class_name: 'StableDiffusionXLPipeline',
    text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
  };

  it('with a component that cannot be built is refused by name', () => {
    const noUnet = { ...index, unet: ['diffusers', 'UNet3DConditionModel'] };
    expect(() => parseIndex(noUnet, 'm', false)).toThrow('model "m": model_index.json: unet is not a UNet2D');
    const other = { ...index, text_encoder_2: ['transformers', 'T5EncoderModel'] };
    expect(() => parseIndex(other, 'm', false)).toThrow(
      'text_encoder_2 is not a CLIPTextModelWithProjection',
    );
    expect(() => parseIndex({}, 'm', false)).toThrow('name a Stable Diffusion 1, 2 or XL model in the');
  });

  it('of SDXL says what an empty negative prompt means, true unless told otherwise', () => {
    expect(parseIndex(xl, 'm', true)).toEqual({ zerosForEmptyPrompt: true, drawsThings: false });
    const told = { ...xl, force_zeros_for_empty_prompt: false };
    expect(parseIndex(told, 'm', true)).toEqual({ zerosForEmptyPrompt: false, drawsThings: false });
    expect(() => parseIndex({ ...index, text_encoder_2: [null, null] }, 'm', false)).not.toThrow();
    expect(() => parseIndex({ ...xl, text_encoder_2: undefined }, 'm', true)).toThrow('needs text_encoder_2');
    expect(() => parseIndex({ ...xl, requires_aesthetics_score: true }, 'm', true)).toThrow(
      'requires_aesthetics_score is true: a refiner',
    );
  });

  it('of another architecture names it', async () => {
    const described = (json: object) =>
      describeModel(
        filesOfTexts('m', new Map([['model_index.json', JSON.stringify({ ...index, ...json })]])),
      );
    const named = (pipeline: string) => expect(described({ _class_name: pipeline })).rejects;
    await named('FluxPipeline').toThrow('model "m": this is Flux (FluxPipeline), which is not supported');
    await named('StableDiffusion3Pipeline').toThrow('this is Stable Diffusion 3');
    await named('StableDiffusionXLControlNetPipeline').toThrow('this is a ControlNet pipeline');
    await named('OddPipeline').toThrow('its pipeline is OddPipeline, which Inlay cannot run');
    const refiner = { text_encoder: [null, null], text_encoder_2: ['transformers', 'X'] };
    await expect(described(refiner)).rejects.toThrow('this is the SDXL refiner');
  });
});
