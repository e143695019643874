/** `npm run demo`: inpaints the sample image with the starter model and writes `demo.png`. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { main } from './main';

const OUT = 'demo.png';
const samples = new URL('../../../public/samples/', import.meta.url);
const sampleSchema = z.object({ image: z.string(), mask: z.string(), prompt: z.string() });

const sample = sampleSchema.parse(JSON.parse(await readFile(new URL('sample.json', samples), 'utf8')));
const path = (name: string) => fileURLToPath(new URL(name, samples));
const files = ['--image', path(sample.image), '--mask', path(sample.mask), '--out', OUT];
process.exitCode = await main(
  ['--model', 'starter', ...files, '--prompt', sample.prompt, '--seed', '1'],
  () => `Wrote ${OUT}`,
);
