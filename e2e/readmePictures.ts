/**
 * `npx tsx e2e/readmePictures.ts`: makes README's pictures of before and after: docs/select.jpg, docs/remove.jpg and
 * docs/prompt.jpg.
 */
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
  await beside(name, image, out);
}

async function beside(name: string, ...files: [before: string, after: string]): Promise<void> {
  const halves = await Promise.all(files.map((file) => sharp(file).resize(WIDTH).png().toBuffer()));
  const { height = 0 } = await sharp(halves[0]).metadata();
  const background = 'white';
  await sharp({ create: { width: 2 * WIDTH + 8, height, channels: 3, background } })
    .composite(halves.map((input, i) => ({ input, left: i * (WIDTH + 8), top: 0 })))
    .jpeg({ quality: 82, mozjpeg: true })
    .toFile(`docs/${name}.jpg`);
}

/** The sample with what a click masks, as the page shows it. @param place that is clicked, in image pixels */
async function select(name: string, sample: string, place: { x: number; y: number }): Promise<void> {
  const image = `public/samples/${sample}.jpg`;
  const [out, mask] = [join(folder, `${name}.png`), join(folder, `${name}-mask.png`)];
  const files = ['--image', image, '--select', `${place.x},${place.y}`, '--mask-out', mask, '--out', out];
  execFileSync('npm', ['run', '--silent', 'inpaint', '--', '--model', 'fill', ...files], {
    stdio: 'inherit',
  });
  const { data, info } = await sharp(mask).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const overlay = Buffer.alloc(width * height * 4);
  const isMasked = (x: number, y: number) => (data[y * width + x] ?? 0) >= 128;
  const [rim, stripe] = [3, 8]; // px
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!isMasked(x, y)) continue;
      const isRim =
        !isMasked(x - rim, y) || !isMasked(x + rim, y) || !isMasked(x, y - rim) || !isMasked(x, y + rim);
      const opacity = isRim ? 255 : (x + y) % (2 * stripe) < stripe ? 190 : 130;
      overlay.set([255, 122, 54, opacity], (y * width + x) * 4);
    }
  }
  await sharp(image)
    .composite([{ input: overlay, raw: { width, height, channels: 4 } }])
    .png()
    .toFile(out);
  await beside(name, image, out);
}

await select('select', 'cows', { x: 330, y: 200 });
await pair('remove', 'cows', ['--model', 'fill', '--seed', '1']);
await pair('prompt', 'sample', ['--model', 'starter', '--prompt', 'a mushroom', '--seed', '2']);
