/** The photograph that the page opens with: its description in public/samples. */
import { z } from 'zod';
import { inpaintRequestSchema } from '../engine/schema';

const { num_inference_steps, guidance_scale } = inpaintRequestSchema.shape;

export const sampleSchema = z.object({
  /** Paths beside the description. */
  image: z.string(),
  mask: z.string(),
  prompt: z.string(),
  num_inference_steps: num_inference_steps.unwrap().optional(),
  guidance_scale: guidance_scale.unwrap().optional(),
  credit: z.string().optional(),
});
export type Sample = z.infer<typeof sampleSchema>;
