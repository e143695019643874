import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ofOneSize } from '../../../test/support/exports';
import { parseLocalOptions, parseRequest } from '../../contract/engine';
import { createHost } from '../../host/createHost';
import { createPaintHost } from '../server/painting/paintHost';
import { parseArguments } from './args';
import { cliPlatform } from './cliPlatform';
import { inpaintFiles } from './inpaint';

/** An export that takes only 64 × 64 pixels, and an image of 100 × 80 with its middle masked. */
let folder: string;
let model: string;
const call = { signal: new AbortController().signal, onProgress() {}, onNote() {} };
const host = createHost(cliPlatform(1));
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-fixed-'));
  model = at('model');
  cpSync('goldens/onnx/inpaint', model, { recursive: true });
  const unet = join(model, 'unet/model.onnx');
  writeFileSync(unet, ofOneSize(new Uint8Array(readFileSync(unet)), 'sample', { width: 8, height: 8 }));
  const plain = (width: number, height: number, background: string) =>
    sharp({ create: { width, height, channels: 3, background } }).png();
  await plain(100, 80, '#808080').toFile(at('image.png'));
  const inner = await plain(40, 32, 'white').toBuffer();
  await plain(100, 80, 'black')
    .composite([{ input: inner, left: 30, top: 24 }])
    .toFile(at('mask.png'));
  await plain(64, 64, 'white').toFile(at('other.png'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await host.release();
});

async function paint(...more: string[]) {
  const args = parseArguments([
    ...['--model', model, '--prompt', 'a cat', '--out', at('out.png'), '--steps', '1', '--seed', '1'],
    ...['--image', at('image.png'), '--mask', at('mask.png'), ...more],
  ]);
  if (args === 'help') throw new Error('no run');
  const { image } = await inpaintFiles(args, {
    ...call,
    host,
  });
  return { size: [image.width, image.height], pixels: await sharp(at('out.png')).raw().toBuffer() };
}

it.each([
  ['the whole picture', ['--no-crop']],
  ['the part around the mask', []],
])('the command line scales %s to the one size that a model takes, and back', async (_what, more) => {
  const { size, pixels } = await paint(...more);
  expect(size).toEqual([100, 80]);
  // Outside the mask nothing changed; inside something did.
  expect([...pixels.subarray(0, 3)]).toEqual([128, 128, 128]);
  const middle = (40 * 100 + 50) * 3;
  expect([...pixels.subarray(middle, middle + 3)]).not.toEqual([128, 128, 128]);
});

it('the command line gives the model’s own picture without pasting, and names the size where another is asked for', async () => {
  expect((await paint('--no-paste-back')).size).toEqual([64, 64]);
  await expect(paint('--width', '128')).rejects.toThrow(/works only at width 64/);
});

it('the server answers with a picture of the size that it was sent', async () => {
  const server = createPaintHost({ threads: 1, folders: { fixed: model }, hubUrl: 'http://127.0.0.1:9' });
  const file = (name: string) => new Blob([new Uint8Array(readFileSync(at(name)))]);
  const request = {
    ...parseRequest({
      ...{ model_name: 'fixed', prompt: 'a cat', num_inference_steps: 1, seed: 1 },
      ...{ image_url: 'data:,', mask_url: 'data:,' },
    }),
    image_url: file('image.png'),
    mask_url: file('mask.png'),
  };
  const { png, width, height } = await server.inpaint(request, parseLocalOptions({}), call);
  // Sides are multiples of eight.
  expect([width, height]).toEqual([96, 80]);
  const { width: written } = await sharp(Buffer.from(await png.arrayBuffer())).metadata();
  expect(written).toBe(96);
  // A mask of another size is refused before a model is looked up, let alone fetched.
  const misfit = { ...request, model_name: 'owner/of-none', mask_url: file('other.png') };
  await expect(server.inpaint(misfit, parseLocalOptions({}), call)).rejects.toMatchObject({
    field: 'mask_url',
  });
});
