/** The photograph that the page opens with: its description in public/samples. */
import { z } from 'zod';
import { inpaintRequestSchema } from '../../contract/schema';
import type { Settings } from '../settings/settings';

const { num_inference_steps, guidance_scale } = inpaintRequestSchema.shape;

const sampleSchema = z.object({
  /** Paths beside the description. */
  image: z.string(),
  mask: z.string(),
  prompt: z.string(),
  num_inference_steps: num_inference_steps.unwrap().optional(),
  guidance_scale: guidance_scale.unwrap().optional(),
  credit: z.string().optional(),
});
export type Sample = z.infer<typeof sampleSchema>;

/**
 * @param url of the sample's JSON description
 * @throws Error if the server does not send it
 */
export async function loadSample(url: URL): Promise<{ about: Sample; image: Blob; mask: Blob }> {
  const about = sampleSchema.parse(await (await request(url)).json());
  const file = async (path: string) => (await request(new URL(path, url))).blob();
  const [image, mask] = await Promise.all([file(about.image), file(about.mask)]);
  return { about, image, mask };
}

/** The settings that come with the sample. */
export function settingsOf({ prompt, num_inference_steps, guidance_scale }: Sample): Partial<Settings> {
  return {
    prompt,
    ...(num_inference_steps !== undefined && { num_inference_steps: String(num_inference_steps) }),
    ...(guidance_scale !== undefined && { guidance_scale: String(guidance_scale) }),
  };
}

async function request(url: URL): Promise<Response> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname}: the server answered ${answer.status}; reload the page.`);
  return answer;
}
