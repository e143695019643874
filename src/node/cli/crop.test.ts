import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHost } from '../../host/createHost';
import { parseArguments } from './args';
import { cliPlatform } from './cliPlatform';
import { inpaintFiles } from './inpaint';

/** Its native size is 64. */
const MODEL = 'goldens/models/sd15-inpaint';
const call = { signal: new AbortController().signal, onProgress() {} };
const host = createHost(cliPlatform(1));
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-crop-'));
  await drawing('large', { width: 200, height: 160 }, { left: 80, top: 60, width: 24, height: 16 });
  await drawing('small', { width: 40, height: 24 }, { left: 10, top: 8, width: 16, height: 8 });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await host.release();
});

/** A grey image, and the mask of a box in it. */
async function drawing(
  name: string,
  size: { width: number; height: number },
  { left, top, ...box }: { left: number; top: number; width: number; height: number },
) {
  const plain = (of: typeof size, background: string) =>
    sharp({ create: { ...of, channels: 3, background } }).png();
  await plain(size, '#808080').toFile(at(`${name}.png`));
  const input = await plain(box, 'white').toBuffer();
  await plain(size, 'black')
    .composite([{ input, left, top }])
    .toFile(at(`${name}-mask.png`));
}

/** @returns the size at which the model worked, the image's size, and how many of its pixels changed outside the box */
async function paint(picture: 'large' | 'small', ...more: string[]) {
  const notes: string[] = [];
  const args = parseArguments([
    ...['--model', MODEL, '--prompt', 'a cat', '--out', at('out.png'), '--steps', '1', '--seed', '1'],
    ...['--image', at(`${picture}.png`), '--mask', at(`${picture}-mask.png`), ...more],
  ]);
  if (args === 'help') throw new Error('no run');
  const { image } = await inpaintFiles(args, {
    ...call,
    onNote: (note) => notes.push(note),
    host,
  });
  const { comments = [] } = await sharp(at('out.png')).metadata();
  const { options } = JSON.parse(comments.find(({ keyword }) => keyword === 'inlay')?.text ?? '{}');
  const pixels = await sharp(at('out.png')).raw().toBuffer();
  const mask = await sharp(at(`${picture}-mask.png`))
    .greyscale()
    .raw()
    .toBuffer();
  const changed = mask.filter((grey, i) => grey === 0 && pixels[i * 3] !== 128).length;
  const size = [image.width, image.height];
  return { model: [options.width, options.height], size, changed, notes };
}

it.each([
  ['the model’s own, around the mask', 'large', [], [64, 64]],
  ['around the mask at the size that is asked for', 'large', ['--width', '128', '--height', '96'], [128, 96]],
  ['one side alone, the other as the model was trained', 'large', ['--width', '128'], [128, 64]],
  ['the whole picture', 'large', ['--no-crop'], [200, 160]],
  ['the whole picture at another size', 'large', ['--no-crop', '--width', '96', '--height', '80'], [96, 80]],
  ['a small picture, enlarged', 'small', [], [64, 64]],
  ['a small picture at a size', 'small', ['--width', '160', '--height', '96'], [160, 96]],
  [
    'a small picture as a whole at a size',
    'small',
    ['--no-crop', '--width', '160', '--height', '96'],
    [160, 96],
  ],
] as const)('the model works at: %s', async (_what, picture, more, expected) => {
  const { model, size, changed, notes } = await paint(picture, ...more);
  expect(model).toEqual(expected);
  expect(size).toEqual(picture === 'large' ? [200, 160] : [40, 24]);
  expect(changed).toBe(0);
  // Nothing is known of this model: the API's defaults, without a word.
  expect(notes).toEqual([]);
});

it('a picture that is too small to be sent whole is refused with what to do', async () => {
  await expect(paint('small', '--no-crop')).rejects.toThrow(
    '--image: the image is 40 × 24; the minimum to send it whole is 64 × 64. Set --width and --height',
  );
});

it('the demonstration paints with the starter’s own settings and says where it is', {
  timeout: 120_000,
}, async () => {
  const tsx = import.meta.resolve('tsx');
  const child = spawn(process.execPath, ['--import', tsx, resolve('src/node/cli/demo.ts')], { cwd: folder });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  const [code] = await once(child, 'close');
  expect(stderr).toContain('Set for this model: 6 steps, guidance 1\n');
  expect(stderr).toContain('Generating: step 0 of 6\n');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Wrote demo.png\n' });
  const { width, height } = await sharp(at('demo.png')).metadata();
  const sample = fileURLToPath(new URL('../../../public/samples/sample.jpg', import.meta.url));
  expect({ width, height }).toEqual(
    await sharp(sample)
      .metadata()
      .then(({ width, height }) => ({ width, height })),
  );
});
