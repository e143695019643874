/** What a UNet predicts. Most single files do not say. */
import { halfToFloat32 } from '../weights/half';
import { readTensor, type StoredCheckpoint } from './reader';

export type PredictionType = 'epsilon' | 'v_prediction';

/** The file's own metadata, which overrides all other signs. */
export function statedPrediction({ metadata }: StoredCheckpoint): PredictionType | undefined {
  switch (metadata['modelspec.prediction_type']) {
    case 'v':
      return 'v_prediction';
    case 'epsilon':
      return 'epsilon';
    default:
      return undefined;
  }
}

/** Training steps of the first SD 2 "base", by which diffusers recognises it. */
const SD2_BASE_STEPS = 875_000;

/**
 * Of Stable Diffusion 2: by the number of training steps, else with 4 channels by a statistic of one norm that ComfyUI
 * found to differ (comfy/supported_models.py, SD20.model_type).
 * @param lastAttention key of the attention nearest to the output; undefined if there isn't one
 */
export async function predictionOfSd2(
  checkpoint: StoredCheckpoint,
  { inChannels, lastAttention }: { inChannels: number; lastAttention: string | undefined },
  signal?: AbortSignal,
): Promise<PredictionType> {
  // Stable Diffusion 2's inpainting checkpoint predicts the noise.
  if (inChannels !== 4) return 'epsilon';
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
