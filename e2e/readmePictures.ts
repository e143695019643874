/** `npx tsx e2e/readmePictures.ts`: makes README's pictures of before and after, docs/remove.jpg and docs/prompt.jpg. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

const folder = mkdtempSync(join(tmpdir(), 'inlay-'));
const WIDTH = 600; // px of each half

async function pair(name: string, sample: string, args: readonly string[]): Promise<void> {
  const image = `public/samples/${sample}.jpg`;
  const out = join(folder, `${name}.png`);
  const files = ['--image', image, '--mask', `public/samples/${sample}-mask.png`, '--out', out];
  execFileSync('npm', ['run', '--silent', 'inpaint', '--', ...args, ...files], { stdio: 'inherit' });
  const halves = await Promise.all([image, out].map((file) => sharp(file).resize(WIDTH).png().toBuffer()));
  const { height = 0 } = await sharp(halves[0]).metadata();
  const background = 'white';
  await sharp({ create: { width: 2 * WIDTH + 8, height, channels: 3, background } })
    .composite(halves.map((input, i) => ({ input, left: i * (WIDTH + 8), top: 0 })))
    .jpeg({ quality: 82, mozjpeg: true })
    .toFile(`docs/${name}.jpg`);
}

await pair('remove', 'cows', ['--model', 'fill', '--seed', '1']);
await pair('prompt', 'sample', ['--model', 'starter', '--prompt', 'a mushroom', '--seed', '2']);
