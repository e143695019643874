/** Colours through the command line: transparency, profiles, kinds of files. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRecipe } from '../../contract/recipe';
import { createHost } from '../../host/createHost';
import { readPictureTexts } from '../../image/files/pictureTexts';
import { parseArguments } from './args';
import { cliPlatform } from './cliPlatform';
import { inpaintFiles } from './inpaint';

const MODEL = 'goldens/models/sd15-inpaint';
const PICTURES = 'test/pictures';
const call = { signal: new AbortController().signal, onProgress() {}, onNote() {} };
let folder: string;
const at = (name: string) => join(folder, name);
const host = createHost(cliPlatform(1));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-colours-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await host.release();
});

/** One step across an image. */
async function paint(image: string, mask: string, out: string, ...more: string[]) {
  const args = parseArguments([
    ...['--model', MODEL, '--prompt', 'x', '--out', out, '--steps', '1', '--seed', '1'],
    ...['--image', image, '--mask', mask, ...more],
    ...(more.some((flag) => flag.startsWith('--crop')) ? [] : ['--no-crop']),
  ]);
  if (args === 'help') throw new Error('no run');
  const notes: string[] = [];
  const { image: answer } = await inpaintFiles(args, {
    ...call,
    onNote: (note) => notes.push(note),
    host,
  });
  return { answer, notes };
}

/** As the file's values are. */
async function rgba(path: string): Promise<Buffer> {
  return sharp(path, { ignoreIcc: true }).ensureAlpha().raw().toBuffer();
}

/** How many pixels outside the mask have other values than before, and how far at most. */
async function changedOutside(before: string, after: string, mask: string) {
  const [a, b] = await Promise.all([rgba(before), rgba(after)]);
  const white = await sharp(mask).greyscale().raw().toBuffer();
  let [count, worst] = [0, 0];
  white.forEach((value, pixel) => {
    if (value !== 0) return;
    const range = [pixel * 4, pixel * 4 + 4] as const;
    if (a.subarray(...range).equals(b.subarray(...range))) return;
    count += 1;
    for (let i = range[0]; i < range[1]; i++) worst = Math.max(worst, Math.abs((a[i] ?? 0) - (b[i] ?? 0)));
  });
  return { count, worst };
}

it('what hides in transparency shows nowhere, and stays hidden outside the mask', async () => {
  const results = new Map<string, Buffer>();
  for (const hidden of ['black', 'white']) {
    const image = `${PICTURES}/cutout-hidden-${hidden}.png`;
    const out = at(`cutout-${hidden}.png`);
    await paint(image, `${PICTURES}/cutout-mask.png`, out);
    results.set(hidden, await rgba(out));
    const before = await rgba(image);
    const mask = await sharp(`${PICTURES}/cutout-mask.png`).greyscale().raw().toBuffer();
    mask.forEach((value, pixel) => {
      if (value !== 0) return;
      const range = [pixel * 4, pixel * 4 + 4] as const;
      expect(results.get(hidden)?.subarray(...range)).toEqual(before.subarray(...range));
    });
  }
  const [black, white] = [results.get('black'), results.get('white')];
  if (!black || !white) throw new Error('two results');
  for (let i = 0; i < black.length; i += 4) {
    expect(black[i + 3]).toBe(white[i + 3]);
    if (black[i + 3] !== 0) expect(black.subarray(i, i + 3)).toEqual(white.subarray(i, i + 3));
  }
  // No dark fringe: red along the mask's edge.
  const { width } = await sharp(`${PICTURES}/cutout-hidden-black.png`).metadata();
  const reds = [8, 9, 10, 11].map((x) => black[(24 * width + x) * 4] ?? 0);
  expect(Math.min(...reds)).toBeGreaterThanOrEqual(200);
});

it.each([
  ['the whole', []],
  ['a crop', ['--crop-padding', '8']],
])('a picture in Display P3 keeps values and profile outside the mask (%s)', async (_what, crop) => {
  const [image, mask, out] = [`${PICTURES}/p3-greens.png`, `${PICTURES}/mask-true.png`, at('p3.png')];
  const { notes } = await paint(image, mask, out, ...crop);
  expect(notes).toEqual([]);
  expect(await changedOutside(image, out, mask)).toEqual({ count: 0, worst: 0 });
  expect((await sharp(out).metadata()).icc).toEqual((await sharp(image).metadata()).icc);
  // 32 greens, and what was painted.
  const values = await rgba(out);
  const greens = new Set<string>();
  const white = await sharp(mask).greyscale().raw().toBuffer();
  white.forEach((value, pixel) => {
    if (value === 0) greens.add(values.subarray(pixel * 4, pixel * 4 + 3).join());
  });
  expect(greens.size).toBe(32);
});

it('a model is shown Display P3 as sRGB, and its picture is put back in Display P3', async () => {
  const mask = `${PICTURES}/mask-true.png`;
  // Colours inside sRGB, once in each space: they look the same.
  const plain = at('plain.png');
  await sharp(`${PICTURES}/picture.png`).toFile(plain);
  const wide = at('wide.png');
  await sharp(plain).pipelineColourspace('srgb').withIccProfile('p3').png().toFile(wide);
  await paint(plain, mask, at('plain-out.png'), '--no-colour-match');
  await paint(wide, mask, at('wide-out.png'), '--no-colour-match');
  const seen = (path: string) => sharp(path).toColourspace('srgb').ensureAlpha().raw().toBuffer();
  const [a, b] = [await seen(at('plain-out.png')), await seen(at('wide-out.png'))];
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  expect(sum / a.length).toBeLessThan(2);
  // Not pasted back, it is the model's own.
  await paint(wide, mask, at('bare.png'), '--no-paste-back');
  expect((await sharp(at('bare.png')).metadata()).icc).toBeUndefined();
});

it('says what other spaces, CMYK and 16 bits lose', async () => {
  const mask = `${PICTURES}/mask-true.png`;
  const deep = at('deep.png');
  await sharp(`${PICTURES}/picture.png`).toColourspace('rgb16').png().toFile(deep);
  const { notes } = await paint(deep, mask, at('deep-out.png'));
  expect(notes).toEqual(['--image: its 16 bits a channel become 8. The file itself is unchanged.']);
  expect(
    (await changedOutside(`${PICTURES}/picture.png`, at('deep-out.png'), mask)).worst,
  ).toBeLessThanOrEqual(1);
  const press = at('press.jpg');
  await sharp(`${PICTURES}/picture.png`).toColourspace('cmyk').jpeg().toFile(press);
  expect((await paint(press, mask, at('press-out.png'))).notes).toEqual([
    '--image: its CMYK colours become sRGB. The file itself is unchanged.',
  ]);
});

it.each([
  ['jpg', 'image/jpeg', 'jpeg'],
  ['WEBP', 'image/webp', 'webp'],
])('writes what --out ends in: %s, with profile and settings', async (ending, contentType, format) => {
  const [image, mask, out] = [
    `${PICTURES}/p3-greens.png`,
    `${PICTURES}/mask-true.png`,
    at(`lossy.${ending}`),
  ];
  const { answer, notes } = await paint(image, mask, out);
  expect(answer).toMatchObject({ content_type: contentType, width: 128, height: 128 });
  const metadata = await sharp(out).metadata();
  expect(metadata).toMatchObject({ format, icc: (await sharp(image).metadata()).icc });
  expect(notes).toEqual([
    expect.stringMatching(/^--out: (JPEG|WebP) also changes pixels outside the mask slightly/),
  ]);
  expect((await changedOutside(image, out, mask)).worst).toBeLessThan(24);
  const texts = await readPictureTexts(new Blob([new Uint8Array(readFileSync(out))]));
  expect(readRecipe(texts)).toMatchObject({ recipe: { request: { prompt: 'x', seed: 1 } } });
  // What was transparent is white in a JPEG, and said.
  if (format !== 'jpeg') return;
  const cutout = await paint(`${PICTURES}/cutout-hidden-black.png`, `${PICTURES}/cutout-mask.png`, out);
  expect(cutout.notes).toEqual([expect.stringContaining('transparent areas became white')]);
  expect(Math.min(...(await rgba(out)).subarray((64 * 128 + 2) * 4, (64 * 128 + 2) * 4 + 3))).toBeGreaterThan(
    250,
  );
});

it('looks at --out before it reads anything', async () => {
  const args = ['no-such.png', 'no-such.png'] as const;
  await expect(paint(...args, at('out.gif'))).rejects.toThrow(
    /^--out: .*out.gif ends in .gif, which is not supported; use .png/,
  );
  await expect(paint(...args, at('out'))).rejects.toThrow(/has no extension; use .png, .jpg or .webp/);
  await expect(paint(...args, at('nowhere/out.png'))).rejects.toThrow(
    /the folder .*nowhere does not exist; create it first/,
  );
  mkdirSync(at('folder.png'));
  await expect(paint(...args, at('folder.png'))).rejects.toThrow(/it is a folder; add a file name/);
});
