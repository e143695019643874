/**
 * The models that the API names, and their neighbours, in the layouts that they have on the Hub: which files are chosen,
 * in which precision, how large. Paths and sizes are those of the repositories in 2025, rounded to megabytes; nothing of
 * the weights is read here, so the files are hollow.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HubFile, memoryFile } from '../../test/support/hub/files';
import { type Hub, startHub } from '../../test/support/hub/hub';
import { hastyConnection } from '../../test/support/hub/hubServer';
import { offerOf, offers } from '../contract/catalogue';
import { planSource } from './openModel';
import { canonicalName, parseModelName } from './source/modelName';
import { findModel } from './source/source';

const MB = 1e6;

/** An empty file that claims the given size. */
function hollow(path: string, megabytes: number): HubFile {
  return {
    path,
    size: megabytes * MB,
    large: true,
    oid: async () => 'ab'.repeat(32),
    read() {
      throw new Error(`${path} was read before it was asked for`);
    },
  };
}

/** `a {x,y}` by size: every variant of a file. */
function variants(stem: string, sizes: Record<string, number>): HubFile[] {
  return Object.entries(sizes).map(([suffix, megabytes]) => hollow(`${stem}${suffix}`, megabytes));
}

function small(pipeline: string, extra: Record<string, unknown> = {}): HubFile[] {
  const isXl = pipeline.includes('XL');
  const tokenizers = isXl ? ['tokenizer', 'tokenizer_2'] : ['tokenizer'];
  return [
    memoryFile('README.md', '# of no concern'),
    memoryFile('model_index.json', JSON.stringify({ _class_name: pipeline })),
    memoryFile('scheduler/scheduler_config.json', '{}'),
    memoryFile('feature_extractor/preprocessor_config.json', '{}'),
    ...tokenizers.flatMap((folder) =>
      ['vocab.json', 'merges.txt', 'tokenizer_config.json', 'special_tokens_map.json'].map((name) =>
        memoryFile(`${folder}/${name}`, '{}'),
      ),
    ),
    ...['text_encoder', ...(isXl ? ['text_encoder_2'] : []), 'unet'].map((folder) =>
      memoryFile(`${folder}/config.json`, '{}'),
    ),
    memoryFile('vae/config.json', JSON.stringify(extra)),
  ];
}

const both = (half: number) => ({ '.fp16.safetensors': half, '.safetensors': half * 2 });
const UNET = 'unet/diffusion_pytorch_model';
const VAE = 'vae/diffusion_pytorch_model';
const TEXT = 'text_encoder/model';
const TEXT_2 = 'text_encoder_2/model';
const xlWeights = [
  ...variants(TEXT, both(246)),
  ...variants(TEXT_2, both(1390)),
  ...variants(UNET, both(5140)),
  ...variants(VAE, both(167)),
];
const sd15Text = [...variants(TEXT, both(246)), hollow('text_encoder/pytorch_model.bin', 492)];
const onnx = ['text_encoder', 'text_encoder_2', 'unet', 'vae_decoder', 'vae_encoder'].flatMap((folder) => [
  hollow(`${folder}/model.onnx`, 2),
  hollow(`${folder}/openvino_model.bin`, 900),
  memoryFile(`${folder}/openvino_model.xml`, '<net/>'),
]);

const repos: Record<string, HubFile[]> = {
  'diffusers/stable-diffusion-xl-1.0-inpainting-0.1': [
    ...small('StableDiffusionXLInpaintPipeline', { force_upcast: true }),
    ...xlWeights,
  ],
  'stabilityai/stable-diffusion-xl-base-1.0': [
    ...small('StableDiffusionXLPipeline', { force_upcast: true }),
    ...xlWeights,
    ...onnx,
    hollow('unet/model.onnx_data', 10_270),
    hollow('unet/diffusion_flax_model.msgpack', 10_270),
    hollow('vae_1_0/diffusion_pytorch_model.safetensors', 335),
    hollow('sd_xl_base_1.0.safetensors', 6940),
    hollow('sd_xl_base_1.0_0.9vae.safetensors', 6940),
    hollow('sd_xl_offset_example-lora_1.0.safetensors', 50),
  ],
  'stable-diffusion-v1-5/stable-diffusion-v1-5': [
    ...small('StableDiffusionPipeline'),
    ...sd15Text,
    ...variants(UNET, {
      ...both(1720),
      '.bin': 3440,
      '.fp16.bin': 1720,
      '.non_ema.bin': 3440,
      '.non_ema.safetensors': 3440,
    }),
    ...variants(VAE, { ...both(167), '.bin': 335, '.fp16.bin': 167 }),
    hollow('safety_checker/model.safetensors', 1216),
    hollow('v1-5-pruned-emaonly.ckpt', 4270),
    hollow('v1-5-pruned-emaonly.safetensors', 4270),
    hollow('v1-5-pruned.ckpt', 7700),
    hollow('v1-5-pruned.safetensors', 7700),
    memoryFile('v1-inference.yaml', 'model:'),
  ],
  'SG161222/Realistic_Vision_V2.0': [
    ...small('StableDiffusionPipeline'),
    hollow('text_encoder/pytorch_model.bin', 492),
    hollow(`${UNET}.bin`, 3440),
    hollow(`${VAE}.bin`, 335),
    hollow('safety_checker/pytorch_model.bin', 1216),
    ...['', '-fp16-no-ema', '-fp16-no-ema-inpainting', '-inpainting'].flatMap((kind) => [
      hollow(`Realistic_Vision_V2.0${kind}.safetensors`, kind.includes('fp16') ? 2130 : 3850),
      hollow(`Realistic_Vision_V2.0${kind}.ckpt`, kind.includes('fp16') ? 2130 : 3850),
    ]),
  ],
  'stable-diffusion-v1-5/stable-diffusion-inpainting': [
    ...small('StableDiffusionInpaintPipeline'),
    hollow('text_encoder/model.fp16.safetensors', 246),
    hollow('text_encoder/pytorch_model.bin', 492),
    ...variants(UNET, { '.bin': 3440, '.fp16.bin': 1720, '.fp16.safetensors': 1720 }),
    ...variants(VAE, { '.bin': 335, '.fp16.bin': 167, '.fp16.safetensors': 167 }),
    hollow('sd-v1-5-inpainting.ckpt', 4270),
  ],
  'Lykon/dreamshaper-8-inpainting': [
    ...small('StableDiffusionInpaintPipeline'),
    ...variants(TEXT, both(246)),
    ...variants(UNET, both(1720)),
    ...variants(VAE, both(167)),
  ],
  'stabilityai/sd-turbo': [
    ...small('StableDiffusionPipeline'),
    ...variants(TEXT, both(681)),
    ...variants(UNET, both(1730)),
    ...variants(VAE, both(167)),
    hollow('sd_turbo.safetensors', 5210),
  ],
  'stabilityai/sdxl-turbo': [
    ...small('StableDiffusionXLPipeline', { force_upcast: true }),
    ...xlWeights,
    ...onnx,
    hollow('sd_xl_turbo_1.0.safetensors', 13_900),
    hollow('sd_xl_turbo_1.0_fp16.safetensors', 6940),
  ],
  'Carve/LaMa-ONNX': [
    memoryFile('README.md', '# of no concern'),
    hollow('lama.onnx', 208),
    hollow('lama_fp32.onnx', 208),
  ],
  'andraniksargsyan/migan': [hollow('migan.onnx', 29.5), hollow('migan_pipeline_v2.onnx', 28.1)],
  'latent-consistency/lcm-lora-sdv1-5': [hollow('pytorch_lora_weights.safetensors', 135)],
};

let hub: Hub;
beforeAll(async () => {
  hub = await startHub({ repos: Object.entries(repos).map(([id, files]) => ({ id, files })) });
  hub.commit('SG161222/Realistic_Vision_V2.0', repos['stabilityai/sd-turbo'] ?? [], 'refs/pr/4');
  hub.commit('stabilityai/sd-turbo', repos['Lykon/dreamshaper-8-inpainting'] ?? [], 'fp16');
});
afterAll(() => hub.close());

async function planned(name: string, precision: 'fp16' | 'fp32') {
  const connection = hastyConnection(hub.url);
  const plan = await planSource(await findModel(name, connection, hub.url), precision, connection);
  const weights =
    plan.single === undefined ? plan.components.flatMap(({ files }) => files) : [plan.single.file];
  return {
    location: plan.location,
    paths: weights.map(({ path }) => path),
    gigabytes: Math.round(plan.downloadBytes / 1e7) / 100,
    precisions: Object.fromEntries(plan.components.map(({ folder, precision }) => [folder, precision])),
    notes: plan.notes,
  };
}

const xl = (half: '' | '.fp16') => [
  `${TEXT}${half}.safetensors`,
  `${TEXT_2}${half}.safetensors`,
  `${UNET}${half}.safetensors`,
  // It overflows in half precision.
  `${VAE}.safetensors`,
];
const sd = (half: '' | '.fp16') => [TEXT, UNET, VAE].map((stem) => `${stem}${half}.safetensors`);

describe('the models that the API names, and their neighbours', () => {
  it.each([
    ['diffusers/stable-diffusion-xl-1.0-inpainting-0.1', 'fp16', xl('.fp16'), 7.11],
    ['diffusers/stable-diffusion-xl-1.0-inpainting-0.1', 'fp32', xl(''), 13.89],
    ['stabilityai/stable-diffusion-xl-base-1.0', 'fp16', xl('.fp16'), 7.11],
    ['stabilityai/stable-diffusion-xl-base-1.0', 'fp32', xl(''), 13.89],
    ['runwayml/stable-diffusion-v1-5', 'fp16', sd('.fp16'), 2.13],
    ['runwayml/stable-diffusion-v1-5', 'fp32', sd(''), 4.27],
    ['SG161222/Realistic_Vision_V2.0', 'fp16', ['Realistic_Vision_V2.0-fp16-no-ema.safetensors'], 2.13],
    ['SG161222/Realistic_Vision_V2.0', 'fp32', ['Realistic_Vision_V2.0.safetensors'], 3.85],
    ['stable-diffusion-v1-5/stable-diffusion-inpainting', 'fp16', sd('.fp16'), 2.13],
    [
      'runwayml/stable-diffusion-inpainting',
      'fp32',
      ['text_encoder/pytorch_model.bin', `${UNET}.bin`, `${VAE}.bin`],
      4.27,
    ],
    ['Lykon/dreamshaper-8-inpainting', 'fp16', sd('.fp16'), 2.13],
    ['stabilityai/sd-turbo', 'fp16', sd('.fp16'), 2.58],
    ['stabilityai/sdxl-turbo', 'fp16', xl('.fp16'), 7.11],
  ] as const)('%s in %s', async (name, precision, paths, gigabytes) => {
    const plan = await planned(name, precision);
    expect(plan.paths).toEqual(paths);
    expect(plan.gigabytes).toBe(gigabytes);
    // What was chosen is said.
    for (const path of paths) expect(plan.notes.at(-1)).toContain(path);
    if (plan.precisions.text_encoder_2 !== undefined) expect(plan.precisions.vae).toBe('fp32');
    else expect(Object.values(plan.precisions).every((stored) => stored === precision)).toBe(true);
    if (name.startsWith('runwayml/')) {
      expect(plan.location).toBe(name.replace('runwayml', 'stable-diffusion-v1-5'));
      expect(plan.notes[0]).toContain(
        `${name} was removed from the Hub; its files come from ${plan.location}`,
      );
    }
  });

  it.each(
    offers.filter(({ bytes }) => bytes !== undefined && bytes.fp16 > 0).map(({ model_name }) => model_name),
  )('what the page says of the size of %s', async (name) => {
    for (const precision of ['fp16', 'fp32'] as const) {
      expect((await planned(name, precision)).gigabytes).toBe((offerOf(name)?.bytes?.[precision] ?? 0) / 1e9);
    }
  });

  it('a LoRA named as a model is called one', async () => {
    await expect(planned('latent-consistency/lcm-lora-sdv1-5', 'fp16')).rejects.toThrow(/is a LoRA/);
  });

  const turbo = sd('.fp16');
  const ofFolder: string[] = ['Realistic_Vision_V2.0-inpainting.ckpt'];
  const vision = 'SG161222/Realistic_Vision_V2.0';
  it.each([
    ['stabilityai/sd-turbo/', turbo],
    ['https://huggingface.co/stabilityai/sd-turbo', turbo],
    ['huggingface.co/stabilityai/sd-turbo/', turbo],
    ['https://hf.co/stabilityai/sd-turbo?library=diffusers#readme', turbo],
    ['HUB/stabilityai/sd-turbo/tree/main', turbo],
    ['stabilityai/sd-turbo@fp16', sd('.fp16')],
    ['https://huggingface.co/stabilityai/sd-turbo/tree/fp16/unet', sd('.fp16')],
    [`${vision}@refs/pr/4`, turbo],
    [`https://huggingface.co/${vision}/tree/refs%2Fpr%2F4`, turbo],
    [`https://huggingface.co/${vision}/tree/refs/pr/4`, turbo],
    [`https://huggingface.co/${vision}/blob/main/Realistic_Vision_V2.0-inpainting.ckpt`, ofFolder],
    [
      `https://huggingface.co/${vision}/resolve/main/Realistic_Vision_V2.0-inpainting.ckpt?download=true`,
      ofFolder,
    ],
    [`https://huggingface.co/${vision}/resolve/refs%2Fpr%2F4/sd_turbo.safetensors`, ['sd_turbo.safetensors']],
    [`${vision}@refs/pr/4/sd_turbo.safetensors`, ['sd_turbo.safetensors']],
  ])('%s', async (name, paths) => {
    const plan = await planned(name.replace('HUB', hub.url), 'fp16');
    expect(plan.paths).toEqual(paths);
  });

  it('a name of its own for every revision and file, which leads back to them', () => {
    const names = [
      'stabilityai/sd-turbo',
      'stabilityai/sd-turbo@fp16',
      `${vision}@refs/pr/4`,
      `${vision}@refs/pr/4/sd_turbo.safetensors`,
      `${vision}/Realistic_Vision_V2.0-inpainting.ckpt`,
    ].map((name) => canonicalName(name));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(canonicalName(name)).toBe(name);
    expect(parseModelName(`${vision}@refs/pr/4/sd_turbo.safetensors`)).toEqual({
      kind: 'hub',
      id: vision,
      revision: 'refs/pr/4',
      file: 'sd_turbo.safetensors',
    });
  });
});
