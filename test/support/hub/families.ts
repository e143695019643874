/** The original configurations of the families for which there are synthetic repositories. */
import { readFileSync } from 'node:fs';
import { configurationsOf } from '../../../src/contract/knownNetworks';

export const families = [
  'sd15',
  'sd15-inpaint',
  'sd15-lcm',
  'sd2',
  'sd2-inpaint',
  'sdxl',
  'sdxl-inpaint',
] as const;
export type Family = (typeof families)[number];

type Json = Record<string, unknown>;

const scheduler: Json = {
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  timestep_spacing: 'leading',
};

export interface FamilyFiles {
  /** By path. */
  configs: ReadonlyMap<string, Json>;
  texts: ReadonlyMap<string, string>;
}

/** Every small file of a repository. The tokenizer is the goldens' tiny one: the true one is not ours to carry. */
export function familyFiles(family: Family): FamilyFiles {
  const isXl = family.startsWith('sdxl');
  const inChannels = family.endsWith('inpaint') ? 9 : 4;
  const schedulerClass = isXl ? 'EulerDiscreteScheduler' : 'PNDMScheduler';
  const second = isXl ? ['_2'] : [];
  const configs = new Map<string, Json>([
    [
      'model_index.json',
      {
        _class_name: `StableDiffusion${isXl ? 'XL' : ''}${inChannels === 9 ? 'Inpaint' : ''}Pipeline`,
        ...(isXl ? { force_zeros_for_empty_prompt: true } : {}),
        scheduler: ['diffusers', schedulerClass],
        text_encoder: ['transformers', 'CLIPTextModel'],
        tokenizer: ['transformers', 'CLIPTokenizer'],
        ...(isXl
          ? {
              text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
              tokenizer_2: ['transformers', 'CLIPTokenizer'],
            }
          : {}),
        unet: ['diffusers', 'UNet2DConditionModel'],
        vae: ['diffusers', 'AutoencoderKL'],
      },
    ],
    [
      'scheduler/scheduler_config.json',
      {
        _class_name: schedulerClass,
        ...scheduler,
        ...(family === 'sd2' && { prediction_type: 'v_prediction' }),
      },
    ],
    ...[...configurationsOf(family)].filter(([path]) => path !== 'model_index.json'),
  ]);
  const texts = new Map(
    ['', ...second].flatMap((suffix) =>
      ['vocab.json', 'merges.txt', 'tokenizer_config.json', 'special_tokens_map.json'].map(
        (name) => [`tokenizer${suffix}/${name}`, tokenizerText(name)] as const,
      ),
    ),
  );
  return { configs, texts };
}

function tokenizerText(name: string): string {
  return readFileSync(new URL(`../../../goldens/models/sd15/tokenizer/${name}`, import.meta.url), 'utf8');
}
