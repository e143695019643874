/** What a model's files say about the settings that suit it, for contract/modelSettings.ts. */
import { z } from 'zod';
import type { ModelTraits } from '../contract/modelSettings';

/** Anything else in the file is left to the schedulers: what they refuse is reported when the model runs. */
const schedulerSchema = z.looseObject({
  _class_name: z.string().optional().catch(undefined),
  timestep_spacing: z.string().optional().catch(undefined),
  prediction_type: z.string().optional().catch(undefined),
  rescale_betas_zero_snr: z.boolean().optional().catch(undefined),
});

/** @param schedulerJson `scheduler_config.json`, if there is one */
export function traitsFrom(readsGuidance: boolean, schedulerJson: unknown): ModelTraits {
  const { success, data } = schedulerSchema.safeParse(schedulerJson);
  if (!success) return { readsGuidance };
  return {
    readsGuidance,
    ...(data._class_name !== undefined && { scheduler: data._class_name }),
    ...(data.timestep_spacing !== undefined && { spacing: data.timestep_spacing }),
    ...(data.prediction_type !== undefined && { prediction: data.prediction_type }),
    ...(data.rescale_betas_zero_snr !== undefined && { zeroSnr: data.rescale_betas_zero_snr }),
  };
}
