/** Stable Diffusion 2: one text encoder like Stable Diffusion 1, but OpenCLIP's, and linear projections in the UNet. */
import { mapOpenClipPenultimate } from '../checkpoint/keyMaps/openClip';
import { predictionOfSd2 } from '../checkpoint/prediction';
import { LONE_OPEN_CLIP } from '../checkpoint/singleFile';
import { stableDiffusion } from './stableDiffusion';
import { firstText } from './stableDiffusionRules';

export const sd2 = stableDiffusion({
  id: 'sd2',
  texts: [
    {
      ...firstText,
      inSingleFile: {
        prefixes: LONE_OPEN_CLIP,
        map: mapOpenClipPenultimate,
        padToken: '!',
        isTelling: true,
      },
    },
  ],
  // Its files only hold the layers up to the last but one, which is the last here.
  hiddenState: 'last',
  hasLinearProjections: true,
  readsAddedEmbeddings: false,
  latentSide: 64,
  vae: { scalingFactor: 0.18215, overflowsInHalf: false },
  singleFile: {
    unet({ inChannels, prediction }) {
      // Trained at 768 pixels, where attention overflows in half precision.
      const is768 = prediction === 'v_prediction' && inChannels === 4;
      return { heads: { channels: 64 }, sampleSize: is768 ? 96 : 64, upcastAttention: is768 };
    },
    prediction: predictionOfSd2,
    // stable-diffusion-2-1; stable-diffusion-2-base and -2-inpainting
    scheduler: ({ prediction }) => ({
      _class_name: prediction === 'v_prediction' ? 'DDIMScheduler' : 'PNDMScheduler',
    }),
  },
  lora: { metadata: /^(sd_v2|stable-diffusion-v2)/i },
});
