/** The photographs that come with the page, each with a mask: their descriptions in public/samples. */
import { z } from 'zod';
import { inpaintRequestSchema } from '../../contract/schema';
import type { Settings } from '../settings/settings';

const { num_inference_steps, guidance_scale } = inpaintRequestSchema.shape;

/** A sample that the page offers. */
export interface SampleLink {
  /** What `?sample=` calls it. */
  id: string;
  /** What it shows, as the menu says it. */
  title: string;
  /** Of its JSON description. */
  url: URL;
}

/** In the order of the menu; the first one opens at a first visit. */
const offered = [
  { id: 'remove', title: 'Sample: remove something', path: 'samples/cows.json' },
  { id: 'prompt', title: 'Sample: add something', path: 'samples/sample.json' },
] as const;

/**
 * @param base the page's URL, which the samples are beside
 * @param query the page's own: `?sample=prompt` puts that sample first
 */
export function sampleLinks(base: string | URL, query = ''): readonly [SampleLink, ...SampleLink[]] {
  const links = offered.map(({ path, ...link }) => ({ ...link, url: new URL(path, base) }));
  const named = new URLSearchParams(query).get('sample');
  const first = links.find(({ id }) => id === named) ?? links[0];
  if (first === undefined) throw new TypeError('the page has samples');
  return [first, ...links.filter((link) => link !== first)];
}

const sampleSchema = z.object({
  /** Paths beside the description. */
  image: z.string(),
  mask: z.string(),
  prompt: z.string(),
  /** What to do with it, in a line. */
  hint: z.string().optional(),
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
