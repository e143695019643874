/**
 * The sampling that a single file was made for: such files say nothing of it, so it is that of the family's
 * own repository in the diffusers layout, where diffusers too takes it from.
 */
import { halfToFloat32 } from '../weights/half';
import { readTensor, type StoredCheckpoint } from './reader';

export type PredictionType = 'epsilon' | 'v_prediction';
export type Family = 'sd1' | 'sd2' | 'sdxl';

const common = {
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

/**
 * `scheduler_config.json` of the family's own repository.
 * @param isConsistency whether it is a latent consistency model, distilled whole
 */
export function schedulerConfig(
  family: Family,
  inChannels: number,
  prediction: PredictionType,
  isConsistency: boolean,
): Record<string, unknown> {
  // latent-consistency/lcm-sdxl and SimianLuo/LCM_Dreamshaper_v7
  if (isConsistency) {
    return {
      _class_name: 'LCMScheduler',
      ...common,
      original_inference_steps: 50,
      prediction_type: prediction,
    };
  }
  const className = {
    // stable-diffusion-v1-5 and stable-diffusion-inpainting
    sd1: inChannels === 9 ? 'DDIMScheduler' : 'PNDMScheduler',
    // stable-diffusion-2-1; stable-diffusion-2-base and -2-inpainting
    sd2: prediction === 'v_prediction' ? 'DDIMScheduler' : 'PNDMScheduler',
    sdxl: 'EulerDiscreteScheduler',
  }[family];
  return {
    _class_name: className,
    ...common,
    prediction_type: prediction,
    ...(family === 'sdxl'
      ? {
          interpolation_type: 'linear',
          sample_max_value: 1,
          timestep_spacing: 'leading',
          use_karras_sigmas: false,
        }
      : {}),
  };
}

/** Steps that the first SD 2 "base" was trained for: the one that diffusers knows by it. */
const SD2_BASE_STEPS = 875_000;

/**
 * What the UNet predicts. Nothing in most files says it; the order is: the file's own metadata, the mark that
 * SDXL trainers leave, the family, the number of training steps, and for SD 2 with 4 channels a statistic of
 * one norm that ComfyUI found to differ (comfy/supported_models.py, SD20.model_type).
 */
export async function detectPrediction(
  checkpoint: StoredCheckpoint,
  family: Family,
  inChannels: number,
  lastAttention: string | undefined,
  signal?: AbortSignal,
): Promise<PredictionType> {
  const stated = checkpoint.metadata['modelspec.prediction_type'];
  if (stated === 'v') return 'v_prediction';
  if (stated === 'epsilon') return 'epsilon';
  if (family === 'sdxl') return checkpoint.tensors.has('v_pred') ? 'v_prediction' : 'epsilon';
  // Stable Diffusion 2's inpainting checkpoint predicts the noise.
  if (family === 'sd1' || inChannels !== 4) return 'epsilon';
  if (checkpoint.globalStep === SD2_BASE_STEPS) return 'epsilon';
  const norm = checkpoint.tensors.get(`${lastAttention}.transformer_blocks.0.norm1.bias`);
  if (norm === undefined || norm.shape.length !== 1) return 'v_prediction';
  const bytes = (await readTensor(norm, signal)).buffer;
  switch (norm.dtype) {
    case 'F16':
      return deviation(halfToFloat32(new Uint16Array(bytes))) > 0.09 ? 'v_prediction' : 'epsilon';
    case 'F32':
      return deviation(new Float32Array(bytes)) > 0.09 ? 'v_prediction' : 'epsilon';
    default:
      return 'v_prediction';
  }
}

/** Standard deviation of the whole population. */
function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
