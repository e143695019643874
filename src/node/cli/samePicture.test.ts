import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memorySurface } from '../../../test/support/memorySurface';
import { parseLocalOptions, parseRequest } from '../../contract/engine';
import { type Codec, runPaste, runPrepare } from '../../editor/workers/pictureWork';
import { createHost } from '../../host/createHost';
import { planCrop } from '../../image/crop';
import { defaultFeather } from '../../image/featheredPaste';
import { maskBounds } from '../../image/mask/mask';
import { readMask } from '../../image/mask/maskReading';
import { createMask, createPixels, type Pixels } from '../../image/raster';
import { decodeImage, encodePng } from '../images';
import { createPaintHost } from '../server/painting/paintHost';
import { parseArguments } from './args';
import { cliPlatform } from './cliPlatform';
import { inpaintFiles } from './inpaint';

const MODEL = 'goldens/models/sd15-inpaint';
const [WIDTH, HEIGHT] = [120, 88];
const call = { signal: new AbortController().signal, onProgress() {}, onNote() {} };
let folder: string;
const at = (name: string) => join(folder, name);
const blobOf = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)], { type: 'image/png' });
const read = async (file: Blob): Promise<Pixels> => {
  const { width, height, data } = await decodeImage('file', new Uint8Array(await file.arrayBuffer()), 'it');
  return { width, height, data: new Uint8ClampedArray(data) };
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-same-'));
  const picture = createPixels({ width: WIDTH, height: HEIGHT });
  for (let i = 0; i < picture.data.length; i++) picture.data[i] = i % 4 === 3 ? 255 : (i * 31) % 200;
  await sharp(await encodePng(picture)).toFile(at('picture.png'));
  // A wire three pixels wide, between the pixels that a model sees, and a soft edge.
  const mask = createMask(picture);
  for (let x = 30; x < 70; x++) {
    for (const y of [42, 43, 44]) mask.data[y * WIDTH + x] = 255;
    mask.data[45 * WIDTH + x] = 90;
  }
  const raw = { width: WIDTH, height: HEIGHT, channels: 1 } as const;
  await sharp(mask.data, { raw }).png().toFile(at('mask.png'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The page's road, with files decoded and encoded as the command line does. */
const codec: Codec = {
  open: async (file) => memorySurface(await read(file), file),
  encode: async (pixels) => blobOf(await encodePng(pixels)),
  async encodeMask({ width, height, data }) {
    const raw = { width, height, channels: 1 } as const;
    return blobOf(await sharp(data, { raw }).png().toBuffer());
  },
  async scale() {
    throw new Error('nothing is scaled here');
  },
  decode: async (url) => read(blobOf(readFileSync(url))),
  thumbnail: async () => new Blob(),
};

it('the page’s crop, painted by the server and pasted back, is the command line’s picture, byte for byte', async () => {
  const picture = blobOf(readFileSync(at('picture.png')));
  const { mask } = readMask(await read(blobOf(readFileSync(at('mask.png')))));
  const imageSize = { width: WIDTH, height: HEIGHT };
  const plan = planCrop({ imageSize, maskBounds: maskBounds(mask), padding: 8, nativeSize: 64 });
  expect(plan.frame).toMatchObject(plan.size);
  const maskAt = { x: 0, y: 0 };
  const shared = { picture, mask, maskAt, plan, feather: defaultFeather(plan) };
  const prepared = await runPrepare(codec, { ...shared, content: null });
  if (!prepared) throw new Error('something is masked');
  const host = createPaintHost({ threads: 1, folders: { tiny: MODEL }, hubUrl: 'http://127.0.0.1:9' });
  const parsed = parseRequest({
    ...{ model_name: 'tiny', prompt: 'a cat', num_inference_steps: 2, seed: 5 },
    ...{ image_url: 'data:,', mask_url: 'data:,' },
  });
  const request = { ...parsed, image_url: prepared.imageFile, mask_url: prepared.maskFile };
  const { png } = await host.inpaint(request, parseLocalOptions({}), call);
  const answer = at('answer.png');
  await sharp(new Uint8Array(await png.arrayBuffer())).toFile(answer);
  const { weights } = prepared;
  const { file } = await runPaste(codec, { picture, url: answer, plan, weights, matches: true, texts: [] });
  const ofPage = new Uint8Array(await file.arrayBuffer());

  const args = parseArguments([
    ...['--model', MODEL, '--prompt', 'a cat', '--steps', '2', '--seed', '5', '--crop-padding', '8'],
    ...['--image', at('picture.png'), '--mask', at('mask.png'), '--out', at('out.png')],
  ]);
  if (args === 'help') throw new Error('no run');
  const commandLine = createHost(cliPlatform(1));
  await inpaintFiles(args, { ...call, host: commandLine });
  await commandLine.release();
  const ofCommandLine = await read(blobOf(readFileSync(at('out.png'))));
  expect(Buffer.from(ofCommandLine.data).equals(Buffer.from(ofPage))).toBe(true);
  const before = await read(picture);
  const changed = mask.data.filter((_, i) => before.data[i * 4] !== ofCommandLine.data[i * 4]).length;
  expect(changed).toBeGreaterThan(60);
});
