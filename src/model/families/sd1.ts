/** Stable Diffusion 1, including inpainting and latent consistency models. */
import { mapClip } from '../checkpoint/keyMaps/clip';
import { stableDiffusion } from './stableDiffusion';
import { firstText } from './stableDiffusionRules';

export const sd1 = stableDiffusion({
  id: 'sd1',
  texts: [
    {
      ...firstText,
      inSingleFile: {
        prefixes: ['cond_stage_model.transformer.'],
        map: mapClip,
        padToken: '<|endoftext|>',
        isTelling: true,
      },
    },
  ],
  hiddenState: 'last',
  hasLinearProjections: false,
  readsAddedEmbeddings: false,
  latentSide: 64,
  vae: { scalingFactor: 0.18215, overflowsInHalf: false },
  singleFile: {
    unet: () => ({ heads: { count: 8 }, sampleSize: 64 }),
    prediction: async () => 'epsilon',
    // stable-diffusion-v1-5 and stable-diffusion-inpainting
    scheduler: ({ inChannels }) => ({ _class_name: inChannels === 9 ? 'DDIMScheduler' : 'PNDMScheduler' }),
  },
  lora: { metadata: /^(sd_v1|stable-diffusion-v1)/i },
});
