/** Stable Diffusion XL: two text encoders, the second with a pooled output, and an autoencoder that overflows in fp16. */
import { mapClip } from '../checkpoint/keyMaps/clip';
import { mapOpenClipWithProjection } from '../checkpoint/keyMaps/openClip';
import { stableDiffusion } from './stableDiffusion';
import { firstText, secondText } from './stableDiffusionRules';

export const sdxl = stableDiffusion({
  id: 'sdxl',
  texts: [
    {
      ...firstText,
      inSingleFile: {
        prefixes: ['conditioner.embedders.0.transformer.'],
        map: mapClip,
        padToken: '<|endoftext|>',
        isTelling: false,
      },
    },
    {
      ...secondText,
      inSingleFile: {
        prefixes: ['conditioner.embedders.1.model.'],
        map: mapOpenClipWithProjection,
        padToken: '!',
        isTelling: true,
      },
    },
  ],
  hiddenState: 'penultimate',
  readsAddedEmbeddings: true,
  latentSide: 128,
  vae: { scalingFactor: 0.13025, overflowsInHalf: true },
  singleFile: {
    unet(_kind, texts) {
      const pooled = texts[1]?.config.projection_dim;
      return {
        heads: { channels: 64 },
        sampleSize: 128,
        ...(typeof pooled === 'number' && { pooledWidth: pooled }),
      };
    },
    // Recognised by a key that trainers write.
    prediction: async ({ tensors }) => (tensors.has('v_pred') ? 'v_prediction' : 'epsilon'),
    scheduler: () => ({
      _class_name: 'EulerDiscreteScheduler',
      interpolation_type: 'linear',
      sample_max_value: 1,
      timestep_spacing: 'leading',
      use_karras_sigmas: false,
    }),
    // The marker of models trained with zero terminal SNR.
    schedulerMarks: ({ tensors }) => (tensors.has('ztsnr') ? { rescale_betas_zero_snr: true } : {}),
  },
  lora: {
    metadata: /^(sdxl|stable-diffusion-xl)/i,
    key: /^(lora_te2_|text_encoder_2\.)|transformer_blocks[._][1-9]/,
  },
});
