/** The content-aware fill through the command line, the server's host and the page's steps. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memorySurface } from '../../../test/support/memorySurface';
import { parseLocalOptions, parseRequest } from '../../contract/engine';
import { fillSizes } from '../../contract/fill';
import { type Codec, runPaste, runPrepare } from '../../editor/workers/pictureWork';
import { createHost } from '../../host/createHost';
import type { Rect } from '../../image/geometry';
import { maskBounds, maskToPixels } from '../../image/mask/mask';
import { createMask, createPixels, type Pixels } from '../../image/raster';
import { planRun } from '../../state/run/paintRun';
import { decodeImage, encodePng } from '../images';
import { createPaintHost } from '../server/painting/paintHost';
import { parseArguments } from './args';
import { cliPlatform } from './cliPlatform';
import { inpaintFiles } from './inpaint';

/** Not multiples of 8: at its own resolution an image is what it is. */
const SIZE = { width: 421, height: 333 };
const HOLE: Rect = { x: 250, y: 90, width: 60, height: 45 };
const call = { signal: new AbortController().signal, onProgress() {} };
let folder: string;
const at = (name: string) => join(folder, name);

// Nothing here may open ONNX Runtime.
const host = createHost({
  ...cliPlatform(1),
  openRuntime: () => Promise.reject(new Error('the runtime was opened')),
});

/** Checks of three greys, of 14 pixels. */
const check = (x: number, y: number) =>
  [40, 120, 210][(Math.floor(x / 14) + 2 * Math.floor(y / 14)) % 3] ?? 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-fill-'));
  const picture = createPixels(SIZE);
  const mask = createMask(SIZE);
  for (let i = 0; i < SIZE.width * SIZE.height; i++) {
    const [x, y] = [i % SIZE.width, Math.floor(i / SIZE.width)];
    const inside = x >= HOLE.x && y >= HOLE.y && x < HOLE.x + HOLE.width && y < HOLE.y + HOLE.height;
    if (inside) mask.data[i] = 255;
    // A soft edge below, over the thing that is to go.
    else if (y === HOLE.y + HOLE.height && x >= HOLE.x && x < HOLE.x + HOLE.width) mask.data[i] = 90;
    const isThing = mask.data[i] !== 0;
    picture.data.set(isThing ? [250, 20, 20, 255] : [check(x, y), check(x, y), check(x, y), 255], i * 4);
  }
  await sharp(await encodePng(picture)).toFile(at('picture.png'));
  await sharp(await encodePng(maskToPixels(mask))).toFile(at('mask.png'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = async (path: string): Promise<Pixels> => decodeImage('file', readFileSync(path), 'it');

async function fill(...more: string[]) {
  const args = parseArguments([
    ...['--model', 'fill', '--image', at('picture.png'), '--mask', at('mask.png')],
    ...['--out', at('out.png'), ...more],
  ]);
  if (args === 'help') throw new Error('no run');
  const notes: string[] = [];
  const answer = await inpaintFiles(args, { ...call, onNote: (note) => notes.push(note), host });
  const { comments = [] } = await sharp(at('out.png')).metadata();
  const recipe = JSON.parse(comments.find(({ keyword }) => keyword === 'inlay')?.text ?? '{}');
  return { answer, notes, recipe, pixels: await read(at('out.png')) };
}

/** How many pixels of the hole are far from the checks that go on there, and that none is left of the thing. */
function judge({ data }: Pixels, before: Pixels) {
  let [wrong, red] = [0, 0];
  for (let i = 0; i < SIZE.width * SIZE.height; i++) {
    const [x, y] = [i % SIZE.width, Math.floor(i / SIZE.width)];
    const inside = x >= HOLE.x && y >= HOLE.y && x < HOLE.x + HOLE.width && y <= HOLE.y + HOLE.height;
    const [r = 0, g = 0] = [data[i * 4], data[i * 4 + 1]];
    if (!inside) expect([r, g]).toEqual([before.data[i * 4], before.data[i * 4 + 1]]);
    else if (r - g > 30) red++;
    else if (Math.abs(g - check(x, y)) > 50) wrong++;
  }
  return { wrong, red };
}

it('takes a thing away without a prompt, soft edge and all, and leaves every other pixel as it is', async () => {
  const { answer, notes, recipe, pixels } = await fill('--seed', '3');
  expect(answer).toMatchObject({ seed: 3, image: SIZE });
  expect(answer.timings).toEqual({ remove: expect.any(Number) });
  expect(notes).toEqual([]);
  expect(recipe.request).toMatchObject({ model_name: 'fill', prompt: '', seed: 3 });
  expect(recipe.options).not.toHaveProperty('width');
  const { wrong, red } = judge(pixels, await read(at('picture.png')));
  expect(red).toBe(0);
  // Of 2,760 pixels.
  expect(wrong).toBeLessThan(280);
});

it('draws a seed, and the same seed makes the same bytes', async () => {
  const first = await fill();
  const again = await fill('--seed', String(first.answer.seed));
  expect(Buffer.from(again.pixels.data).equals(Buffer.from(first.pixels.data))).toBe(true);
});

it('says which arguments have no effect', async () => {
  const { notes } = await fill('--prompt', 'a cat', '--steps', '3', '--width', '128', '--no-colour-match');
  expect(notes).toEqual([
    'Without effect with "fill": --prompt (Removing needs no prompt: what is around the mask goes on), ' +
      '--steps (Removing has no steps), --no-colour-match (What is removed is replaced by the image’s own colours), ' +
      '--width (Removing works at a size of its own)',
  ]);
});

it('without paste-back the whole image goes in, and comes out at its size', async () => {
  const { answer, pixels } = await fill('--no-paste-back', '--seed', '3');
  expect(answer.image).toMatchObject(SIZE);
  expect(judge(pixels, await read(at('picture.png'))).red).toBe(0);
});

it('fills pictures smaller than any model takes, and refuses a mask of everything', async () => {
  const small = { width: 30, height: 20 };
  const plain = (background: string) => sharp({ create: { ...small, channels: 3, background } }).png();
  await plain('#407090').toFile(at('small.png'));
  const box = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  await plain('black')
    .composite([{ input: box, left: 10, top: 6 }])
    .toFile(at('small-mask.png'));
  await plain('white').toFile(at('white.png'));
  const { pixels } = await fill('--image', at('small.png'), '--mask', at('small-mask.png'));
  expect([...pixels.data.subarray(0, 3)]).toEqual([0x40, 0x70, 0x90]);
  await expect(fill('--image', at('small.png'), '--mask', at('white.png'))).rejects.toMatchObject({
    name: 'InputError',
    message: expect.stringContaining('everything is masked'),
  });
});

const codec: Codec = {
  open: async (file) => memorySurface(await decodeImage('file', await bytesOf(file), 'it'), file),
  encode: async (pixels) => blobOf(await encodePng(pixels)),
  encodeMask: async (mask) => blobOf(await encodePng(maskToPixels(mask))),
  async scale() {
    throw new Error('nothing is scaled here');
  },
  decode: async (url) => read(url),
  thumbnail: async () => new Blob(),
};
const bytesOf = async (file: Blob) => new Uint8Array(await file.arrayBuffer());
const blobOf = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)], { type: 'image/png' });

it('the page’s crop, filled by the server and pasted back, is the command line’s picture, byte for byte', async () => {
  const picture = blobOf(readFileSync(at('picture.png')));
  const { data } = await read(at('mask.png'));
  const mask = createMask(SIZE);
  for (let i = 0; i < mask.data.length; i++) mask.data[i] = data[i * 4] ?? 0;
  const plan = planRun(SIZE, maskBounds(mask), fillSizes);
  if (!plan) throw new Error('something is masked');
  // Not scaled, and 96 pixels around a hole of 60 × 46.
  expect(plan.frame).toMatchObject(plan.size);
  expect(plan.frame).toEqual({ x: 152, y: 0, width: 256, height: 256 });
  const prepared = await runPrepare(codec, {
    ...{ picture, mask, maskAt: { x: 0, y: 0 }, plan },
    ...{ feather: 0, content: null },
  });
  if (!prepared) throw new Error('something is masked');
  const server = createPaintHost({ threads: 1, folders: {}, hubUrl: 'http://127.0.0.1:9' });
  const request = parseRequest({
    ...{ model_name: 'fill', prompt: '', seed: 3 },
    ...{ image_url: prepared.imageFile, mask_url: prepared.maskFile },
  });
  const { png } = await server.inpaint(request, parseLocalOptions({}), call);
  await sharp(await bytesOf(png)).toFile(at('answer.png'));
  const { file } = await runPaste(codec, {
    ...{ picture, url: at('answer.png'), plan, weights: prepared.weights, matches: true, texts: [] },
  });
  const ofPage = await bytesOf(file);
  const { pixels } = await fill('--seed', '3');
  expect(Buffer.from(pixels.data).equals(Buffer.from(ofPage))).toBe(true);
});
