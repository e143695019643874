/** The settings that a model may suggest, and what its configuration says of them. */
import { inpaintRequestSchema, type SchedulerName } from './schema';

/** The request's fields, and the scheduler, under the names of the API and of `LocalOptions`. */
export interface ModelSettings {
  num_inference_steps: number;
  guidance_scale: number;
  /** Absent: the model's own. */
  scheduler?: SchedulerName;
}

/** What a configuration says of how a model was trained to be run. */
export interface ModelTraits {
  /** Its UNet is told the guidance (`time_cond_proj_dim`): a latent consistency model, distilled whole. */
  readsGuidance: boolean;
  /** diffusers' class, e.g. `EulerDiscreteScheduler`; absent if no file says it. */
  scheduler?: string;
  /** The file's `timestep_spacing`, `prediction_type` and `rescale_betas_zero_snr`, where it has them. */
  spacing?: string;
  prediction?: string;
  zeroSnr?: boolean;
}

const { num_inference_steps, guidance_scale } = inpaintRequestSchema.shape;
/** What the API gives where a field is left out; what undistilled models were made for. */
export const apiDefaults: ModelSettings = {
  num_inference_steps: num_inference_steps.parse(undefined),
  guidance_scale: guidance_scale.parse(undefined),
};

/** `4 steps, guidance 0`, and the scheduler where it is not the model's own. */
export function settingsInWords({
  num_inference_steps,
  guidance_scale,
  scheduler,
}: Partial<ModelSettings>): string {
  return [
    num_inference_steps !== undefined && `${num_inference_steps} step${num_inference_steps === 1 ? '' : 's'}`,
    guidance_scale !== undefined && `guidance ${guidance_scale}`,
    scheduler !== undefined && `scheduler ${scheduler}`,
  ]
    .filter((part) => part !== false)
    .join(', ');
}
