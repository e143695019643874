/** `--model fill` on images and masks of every kind: each gives a sensible result or a clear word. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHost } from '../../host/createHost';
import { maskToPixels } from '../../image/mask/mask';
import { createMask, createPixels, type Pixels } from '../../image/raster';
import { decodeImage, encodePng } from '../images';
import { parseArguments } from './args';
import { cliPlatform } from './cliPlatform';
import { inpaintFiles } from './inpaint';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-fill-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const host = createHost({
  ...cliPlatform(1),
  openRuntime: () => Promise.reject(new Error('the runtime was opened')),
});

type Size = [width: number, height: number];

/** Greens, no two alike beside each other. */
const colour = (i: number) => [60 + ((i * 7) % 50), 150 + ((i * 13) % 30), 40 + ((i * 5) % 40)];

function picture([width, height]: Size, alpha: (x: number, y: number) => number = () => 255): Pixels {
  const pixels = createPixels({ width, height });
  for (let i = 0; i < width * height; i++)
    pixels.data.set([...colour(i), alpha(i % width, Math.floor(i / width))], i * 4);
  return pixels;
}

async function fill(image: Uint8Array | Pixels, size: Size, masked: (x: number, y: number) => boolean) {
  const [width, height] = size;
  const mask = createMask({ width, height });
  for (let i = 0; i < mask.data.length; i++)
    mask.data[i] = masked(i % width, Math.floor(i / width)) ? 255 : 0;
  const file = image instanceof Uint8Array ? image : await encodePng(image);
  writeFileSync(at('image'), file);
  writeFileSync(at('mask.png'), await encodePng(maskToPixels(mask)));
  const args = parseArguments([
    ...['--model', 'fill', '--seed', '1', '--image', at('image'), '--mask', at('mask.png')],
    ...['--out', at('out.png')],
  ]);
  if (args === 'help') throw new Error('no run');
  const notes: string[] = [];
  const run = {
    signal: new AbortController().signal,
    onProgress() {},
    onNote: (note: string) => notes.push(note),
  };
  const { image: answer } = await inpaintFiles(args, { ...run, host });
  const pixels = await decodeImage('file', readFileSync(at('out.png')), 'it');
  expect(answer).toMatchObject({ width: pixels.width, height: pixels.height });
  return { pixels, notes };
}

const pixel = ({ data, width }: Pixels, x: number, y: number) => [
  ...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4),
];
const isGreen = ([red = 0, green = 0, blue = 0]: number[]) => green > 140 && red < 115 && blue < 85;

it.each<Size>([
  [2, 2],
  [3, 3],
  [8, 8],
  [1, 1000],
  [1000, 1],
])('fills half of %i × %i pixels', async (width, height) => {
  const half = (x: number, y: number) => y * width + x < (width * height) / 2;
  const { pixels } = await fill(picture([width, height]), [width, height], half);
  expect(pixels).toMatchObject({ width, height });
  expect(isGreen(pixel(pixels, 0, 0))).toBe(true);
  expect(pixel(pixels, width - 1, height - 1)).toEqual([...colour(width * height - 1), 255]);
});

it('says that nothing is left, by the argument’s name', async () => {
  for (const size of [
    [1, 1],
    [200, 150],
  ] as Size[]) {
    await expect(fill(picture(size), size, () => true)).rejects.toMatchObject({
      name: 'InputError',
      message:
        '--mask: everything is masked, so nothing is left to continue; mask less, or take more of the image',
    });
  }
  await expect(
    fill(
      picture([60, 40], () => 0),
      [60, 40],
      (x) => x < 20,
    ),
  ).rejects.toThrow('--mask: nothing but transparency is around what is masked');
});

it('fills far more than a quarter of the frame, up to the image’s border', async () => {
  const image = picture([160, 120], () => 255);
  // A red thing over four fifths.
  for (let i = 0; i < 160 * 120; i++) if (i % 160 < 128) image.data.set([250, 10, 10], i * 4);
  const { pixels } = await fill(image, [160, 120], (x) => x < 128);
  for (const [x, y] of [
    [0, 0],
    [64, 60],
    [127, 119],
    [0, 119],
  ] as Size[])
    expect(isGreen(pixel(pixels, x, y))).toBe(true);
});

it('a transparent part that is masked whole becomes opaque; what surrounds a cut-out stays transparent', async () => {
  const extended = picture([160, 120], (x) => (x < 110 ? 255 : 0));
  const { pixels } = await fill(extended, [160, 120], (x) => x >= 100);
  for (const [x, y] of [
    [105, 60],
    [159, 0],
    [159, 119],
  ] as Size[]) {
    expect(isGreen(pixel(pixels, x, y))).toBe(true);
    expect(pixel(pixels, x, y)[3]).toBe(255);
  }
  const disc = (x: number, y: number) => (Math.hypot(x - 80, y - 60) < 45 ? 255 : 0);
  const { pixels: cutOut } = await fill(
    picture([160, 120], disc),
    [160, 120],
    (x, y) => Math.hypot(x - 120, y - 60) < 15,
  );
  for (const [x, y] of [
    [130, 60],
    [115, 60],
    [2, 2],
    [80, 60],
  ] as Size[])
    expect(pixel(cutOut, x, y)[3]).toBe(disc(x, y));
});

it('takes 16 bits a channel and turned photographs as they are shown', async () => {
  const deep = await sharp(Buffer.from(new Uint16Array(64 * 48 * 3).fill(0x8080).buffer), {
    raw: { width: 64, height: 48, channels: 3, depth: 'ushort' } as never,
  })
    .toColourspace('rgb16')
    .png()
    .toBuffer();
  expect((await sharp(deep).metadata()).depth).toBe('ushort');
  const { notes } = await fill(deep, [64, 48], (x) => x < 9);
  expect(notes).toEqual([expect.stringContaining('16 bits a channel become 8')]);
  const turned = await sharp(await encodePng(picture([64, 48])))
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const { pixels } = await fill(turned, [48, 64], (x) => x < 9);
  expect(pixels).toMatchObject({ width: 48, height: 64 });
  await expect(fill(turned, [64, 48], (x) => x < 9)).rejects.toThrow('the image 48 × 64');
});
