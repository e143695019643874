/** `npm run demo`: the sample picture, repainted by the embedded model, as `demo.png`. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { main } from './cli';

const samples = new URL('../../public/samples/', import.meta.url);
const sampleSchema = z.object({
  image: z.string(),
  mask: z.string(),
  prompt: z.string(),
  guidance_scale: z.number().default(7.5),
  num_inference_steps: z.number().default(30),
});

const sample = sampleSchema.parse(JSON.parse(await readFile(new URL('sample.json', samples), 'utf8')));
const path = (name: string) => fileURLToPath(new URL(name, samples));
process.exitCode = await main([
  ...['--model', 'starter', '--image', path(sample.image), '--mask', path(sample.mask)],
  ...['--prompt', sample.prompt, '--out', 'demo.png', '--seed', '1', '--crop-padding', '32'],
  ...['--steps', String(sample.num_inference_steps), '--guidance', String(sample.guidance_scale)],
]);
