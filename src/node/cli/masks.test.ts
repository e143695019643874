import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseLocalOptions, parseRequest } from '../../contract/engine';
import { createHost, type ModelHost } from '../../host/createHost';
import { createPaintHost } from '../server/painting/paintHost';
import { parseArguments } from './args';
import { cliPlatform } from './cliPlatform';
import { inpaintFiles } from './inpaint';

const MODEL = 'goldens/models/sd15-inpaint';
const [WIDTH, HEIGHT] = [176, 128];
const PIXELS = WIDTH * HEIGHT;
const call = { signal: new AbortController().signal, onProgress() {} };
let folder: string;
const at = (name: string) => join(folder, name);

/** Inside an ellipse of 48 × 36 pixels. */
const isInside = (i: number) =>
  (((i % WIDTH) - 79) / 24) ** 2 + ((Math.floor(i / WIDTH) - 70) / 18) ** 2 <= 1;
/** The same and the pixels around it, including diagonals: a lossy format may move an edge that far. */
const isNear = (i: number) => [-1, 0, 1].some((dy) => [-1, 0, 1].some((dx) => isInside(i + dy * WIDTH + dx)));

/** The ellipse as sharp sees it, in one colour on another: red, green, blue, alpha. */
function ellipse(inside: readonly number[], outside: readonly number[]) {
  const channels = inside.length as 1 | 3 | 4;
  const data = new Uint8Array(PIXELS * channels);
  for (let i = 0; i < PIXELS; i++) data.set(isInside(i) ? inside : outside, i * channels);
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } });
}

const white = [255, 255, 255];
const black = [0, 0, 0];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-masks-'));
  // Every pixel another colour or nearly so: a change anywhere shows.
  const picture = new Uint8Array(PIXELS * 3);
  for (let i = 0; i < PIXELS; i++) {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    picture.set([40 + x, 60 + y, 90 + ((x * 5 + y * 11) % 97)], i * 3);
  }
  const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
  await sharp(picture, { raw }).png().toFile(at('picture.png'));
  await ellipse(white, black).png().toFile(at('true.png'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const host = createHost(cliPlatform(1));
afterAll(() => host.release());
let loaded = 0;
const counting: Pick<ModelHost, 'withModel'> = {
  withModel(...parameters) {
    loaded += 1;
    return host.withModel(...parameters);
  },
};
/** Runs the command line. */
async function paint(mask: string, ...more: string[]) {
  const args = parseArguments([
    ...['--model', MODEL, '--prompt', 'x', '--out', at('out.png'), '--steps', '1', '--seed', '1'],
    ...['--image', at('picture.png'), '--mask', at(mask), ...more],
  ]);
  if (args === 'help') throw new Error('no run');
  const notes: string[] = [];
  await inpaintFiles(args, {
    ...call,
    onNote: (note) => void notes.push(note),
    host: counting,
  });
  return { pixels: await sharp(at('out.png')).raw().toBuffer(), notes };
}

/** Positions of the pixels that differ from the image's. */
async function changed(pixels: Buffer): Promise<number[]> {
  const before = await sharp(at('picture.png')).raw().toBuffer();
  const places = Array.from({ length: PIXELS }, (_, i) => i);
  return places.filter((i) => before.compare(pixels, i * 3, i * 3 + 3, i * 3, i * 3 + 3) !== 0);
}

describe('outside the mask nothing changes, and inside what the clean mask gives', () => {
  it.each<[string, () => Sharp]>([
    ['a black of 3', () => ellipse(white, [3, 3, 3])],
    ['a black of 16 and a white of 235', () => ellipse([235, 235, 235], [16, 16, 16])],
    ['red strokes on black', () => ellipse([255, 0, 0], black)],
    ['red strokes on white', () => ellipse([255, 0, 0], white)],
    ['black strokes on transparency', () => ellipse([0, 0, 0, 255], [0, 0, 0, 0])],
    ['white strokes on transparency', () => ellipse([255, 255, 255, 255], [255, 255, 255, 0])],
  ])('with %s, as with the clean mask, byte for byte', async (name, make) => {
    await make().png().toFile(at('odd.png'));
    const clean = await paint('true.png', '--crop-padding', '8');
    const odd = await paint('odd.png', '--crop-padding', '8');
    const places = await changed(odd.pixels);
    expect(places.filter((i) => !isInside(i))).toEqual([]);
    expect(places.length).toBeGreaterThan(1000);
    // A white of 235 is not pure white: nothing was masked fully.
    if (!name.includes('235')) expect(odd.pixels.equals(clean.pixels)).toBe(true);
    expect(odd.notes.length).toBe(name.includes('strokes') ? 1 : 0);
  });

  it.each<[string, (image: Sharp) => Sharp, (i: number) => boolean]>([
    ['WebP', (image) => image.webp({ quality: 80 }), isInside],
    ['WebP of quality 20', (image) => image.webp({ quality: 20 }), isNear],
    ['AVIF', (image) => image.avif({ quality: 50 }), isInside],
    ['JPEG', (image) => image.jpeg({ quality: 85 }), isInside],
    ['JPEG of quality 60', (image) => image.jpeg({ quality: 60, chromaSubsampling: '4:2:0' }), isNear],
  ])('with a mask saved as %s', async (_name, encode, isRim) => {
    const file = await encode(ellipse(white, black)).toBuffer();
    // Once as it is, once as a PNG made from it, which its format does not tell.
    await sharp(file).toFile(at('lossy.png'));
    await sharp(file).png().toFile(at('from-lossy.png'));
    for (const name of ['lossy.png', 'from-lossy.png']) {
      const { pixels, notes } = await paint(name, '--crop-padding', '8');
      const places = await changed(pixels);
      expect(places.filter((i) => !isRim(i))).toEqual([]);
      expect(places.length).toBeGreaterThan(1000);
      expect(notes).toEqual([]);
    }
  });
});

describe('a mask that paints nothing is refused before a model is loaded', () => {
  const values = (inside: number) => ellipse([inside, inside, inside], black).png();
  it.each<[string, () => Sharp, string[], RegExp]>([
    ['black', () => values(0), [], /^--mask: the mask is all black; paint the area/],
    [
      'of 0 and 1',
      () => values(1),
      [],
      /^--mask: nothing in the mask is white: its largest value is 1 of 255/,
    ],
    ['of 0 and 1', () => values(1), ['--crop-padding', '8'], /multiply a mask of 0 and 1 by 255/],
    [
      'of nothing',
      () => ellipse([0, 0, 0, 0], [0, 0, 0, 0]).png(),
      [],
      /^--mask: the mask is fully transparent/,
    ],
    [
      'of 100, halved',
      () => values(100),
      ['--no-paste-back'],
      /its whitest value is 100 of 255; paint white/,
    ],
    [
      'in red, halved',
      () => ellipse([255, 0, 0], black).png(),
      ['--no-paste-back'],
      /in colour, whose luminance is 76 of 255/,
    ],
    [
      'in black on transparency, halved',
      () => ellipse([0, 0, 0, 255], [0, 0, 0, 0]).png(),
      ['--no-paste-back'],
      /its strokes are black, on transparency/,
    ],
    [
      'white, inverted',
      () => ellipse(white, white).png(),
      ['--mask-reading', 'inverted'],
      /painted all over/,
    ],
  ])('%s', async (_name, make, more, message) => {
    await make().toFile(at('empty.png'));
    const before = loaded;
    await expect(paint('empty.png', ...more)).rejects.toMatchObject({
      name: 'InputError',
      field: '--mask',
      message: expect.stringMatching(message),
    });
    expect(loaded).toBe(before);
  });
});

describe('--mask-reading', () => {
  it('gives the other readings, also without pasting back', async () => {
    const clean = await paint('true.png', '--no-paste-back');
    await ellipse([0, 0, 0, 255], [0, 0, 0, 0]).png().toFile(at('alpha.png'));
    const alpha = await paint('alpha.png', '--no-paste-back', '--mask-reading', 'alpha');
    expect(alpha.pixels.equals(clean.pixels)).toBe(true);
    await ellipse(black, white).png().toFile(at('black.png'));
    const inverted = await paint('black.png', '--mask-reading', 'inverted');
    expect(inverted.pixels.equals((await paint('true.png')).pixels)).toBe(true);
    expect([...alpha.notes, ...inverted.notes]).toEqual([]);
    // As a third, which is the brightness of red.
    await ellipse([255, 0, 0], black).png().toFile(at('red.png'));
    const third = await changed((await paint('red.png', '--mask-reading', 'luminance')).pixels);
    expect(third.filter((i) => !isInside(i))).toEqual([]);
  });

  it('is offered where a mask may be meant another way', async () => {
    await ellipse([255, 0, 0], black).png().toFile(at('red.png'));
    expect((await paint('red.png')).notes).toEqual([
      '--mask: the mask is in colour: all colours count as painted, black is kept; for another reading add --mask-reading luminance',
    ]);
    await ellipse(white, white).png().toFile(at('white.png'));
    const { notes, pixels } = await paint('white.png');
    expect(notes).toEqual([
      '--mask: the mask covers 100 % of the image; for another reading add --mask-reading inverted',
    ]);
    expect((await changed(pixels)).length).toBeGreaterThan(0.9 * PIXELS);
    expect((await paint('white.png', '--no-paste-back')).notes).toEqual([
      '--mask: the mask covers 100 % of the image',
    ]);
    expect(() => parseArguments(['--mask-reading', 'red'])).toThrow(/./);
  });

  it('refuses a name that is none', () => {
    const rest = ['--model', 'm', '--image', 'i', '--mask', 'm', '--prompt', '', '--out', 'o'];
    expect(() => parseArguments([...rest, '--mask-reading', 'red'])).toThrow(
      '--mask-reading: "red" is not one of luminance, alpha, inverted',
    );
  });
});

it.each([
  [1, 1],
  [300, 5],
])('a picture of %i × %i is painted at the size that is asked for', async (width, height) => {
  const raw = { width, height, channels: 3 } as const;
  await sharp(new Uint8Array(width * height * 3).fill(90), { raw })
    .png()
    .toFile(at('tiny.png'));
  const mask = new Uint8Array(width * height * 3);
  // The right half, and all of a single pixel.
  for (let i = 0; i < width * height; i++) if (i % width >= width >> 1) mask.fill(255, i * 3, i * 3 + 3);
  await sharp(mask, { raw }).png().toFile(at('tiny-mask.png'));
  const size = ['--image', at('tiny.png'), '--width', '160', '--height', '96'];
  for (const crop of [[], ['--no-crop']]) {
    const { pixels } = await paint('tiny-mask.png', ...size, ...crop);
    for (let i = 0; i < width * height; i++) {
      if (mask[i * 3] === 0) expect([...pixels.subarray(i * 3, i * 3 + 3)]).toEqual([90, 90, 90]);
    }
    expect([...pixels.subarray(-3)]).not.toEqual([90, 90, 90]);
  }
  const whole = await paint('tiny-mask.png', ...size, '--no-paste-back');
  expect(whole.pixels.length).toBe(160 * 96 * 3);
});

describe('the server', () => {
  const host = createPaintHost({ threads: 1, folders: { tiny: MODEL }, hubUrl: 'http://127.0.0.1:9' });
  const run = async (mask: Sharp, model = 'tiny') => {
    const parsed = parseRequest({
      ...{ model_name: model, prompt: 'x', num_inference_steps: 1, seed: 1 },
      ...{ image_url: 'data:,', mask_url: 'data:,' },
    });
    const blobOf = async (image: Sharp) => new Blob([new Uint8Array(await image.png().toBuffer())]);
    const request = {
      ...parsed,
      image_url: await blobOf(sharp(at('picture.png'))),
      mask_url: await blobOf(mask),
    };
    const logged: string[] = [];
    await host.inpaint(request, parseLocalOptions({}), {
      ...call,
      onProgress: (progress) => void (progress.stage === 'log' && logged.push(progress.message)),
    });
    return logged;
  };

  it('refuses a mask that paints nothing before it looks for the model', async () => {
    for (const inside of [black, [100, 100, 100], [255, 0, 0]]) {
      await expect(run(ellipse(inside, black), 'owner/of-none')).rejects.toMatchObject({
        name: 'InputError',
        field: 'mask_url',
        message: expect.stringMatching(/^mask_url: the mask paints nothing: /),
      });
    }
  });

  it('says in the log of the run how a mask was read that is not plain', async () => {
    expect(await run(ellipse(white, black))).toEqual([]);
    expect(await run(ellipse([0, 255, 0], black))).toEqual([
      'mask_url: the mask is in colour: parts at least half as bright as white, over black, are repainted',
    ]);
    expect(await run(ellipse(white, white))).toEqual(['mask_url: the mask covers 100 % of the image']);
  });
});
