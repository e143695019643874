/** What files carry beside their pixels, written here and read by sharp, and the other way round. */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { exifOf, readExifTexts } from './exif';
import { displayP3Profile, readProfile } from './iccProfile';
import { withJpegParts } from './jpegSegments';
import { lossInWords, readHead } from './pictureHead';
import { readPictureTexts } from './pictureTexts';
import { pngStartWith } from './pngColours';
import { textChunks } from './pngText';
import { withWebpParts } from './webpChunks';

const texts = [
  { keyword: 'parameters', text: 'a red fox 狐\nSteps: 3, Seed: 4' },
  { keyword: 'inlay', text: '{"prompt":"狐"}' },
];
const size = { width: 24, height: 16 };
const gradient = Uint8Array.from({ length: 24 * 16 * 4 }, (_, i) =>
  i % 4 === 3 ? 255 - (i % 97) : (i * 7) % 256,
);
const opaque = () => sharp(gradient, { raw: { ...size, channels: 4 } }).removeAlpha();
const clear = () => sharp(gradient, { raw: { ...size, channels: 4 } });
const icc = displayP3Profile();
const parts = { icc, exif: exifOf(texts) };
const pixelsOf = (file: Uint8Array) => sharp(file, { ignoreIcc: true }).ensureAlpha().raw().toBuffer();

describe.each([
  ['JPEG', () => opaque().jpeg().toBuffer(), (file: Buffer) => withJpegParts(file, parts)],
  ['WebP', () => opaque().webp().toBuffer(), (file: Buffer) => withWebpParts(file, size, parts)],
  ['WebP with alpha', () => clear().webp().toBuffer(), (file: Buffer) => withWebpParts(file, size, parts)],
  [
    'lossless WebP',
    () => clear().webp({ lossless: true }).toBuffer(),
    (f: Buffer) => withWebpParts(f, size, parts),
  ],
])('%s', (_name, write, add) => {
  it('carries a profile and settings, and its pixels stay', async () => {
    const plain = await write();
    const file = add(plain);
    const metadata = await sharp(file).metadata();
    expect(metadata.icc && readProfile(metadata.icc)).toMatchObject({
      space: 'display-p3',
      name: 'Display P3',
    });
    expect(metadata.exif?.length).toBeGreaterThan(100);
    expect(metadata.hasAlpha).toBe((await sharp(plain).metadata()).hasAlpha);
    expect(await pixelsOf(file)).toEqual(await pixelsOf(plain));
    expect(await readPictureTexts(new Blob([file]))).toEqual([...texts].reverse());
    expect(await readHead(file)).toMatchObject({ profile: { space: 'display-p3' }, bits: 8, isCmyk: false });
    // Once more: the profile is replaced, not added.
    expect((await sharp(add(Buffer.from(file))).metadata()).icc).toEqual(metadata.icc);
  });
});

it('a PNG carries a profile in place of what it said of its colours', async () => {
  const plain = await clear().png().withIccProfile('srgb').toBuffer();
  const { start, replaced } = await pngStartWith(plain, icc, textChunks(texts));
  const file = Buffer.concat([start, plain.subarray(replaced)]);
  expect((await sharp(file).metadata()).icc).toEqual(Buffer.from(icc));
  expect(file.includes('iCCP') && file.indexOf('iCCP') === file.lastIndexOf('iCCP')).toBe(true);
  expect(await pixelsOf(file)).toEqual(await pixelsOf(plain));
  expect(await readPictureTexts(new Blob([file]))).toEqual(texts);
});

it('reads settings that another program wrote', async () => {
  // As piexif writes it: UTF-16, upper byte first.
  const file = await opaque()
    .jpeg()
    .withExif({ IFD2: { UserComment: 'a cow\nSteps: 3' } })
    .toBuffer();
  expect(await readPictureTexts(new Blob([new Uint8Array(file)]))).toEqual([
    { keyword: 'parameters', text: expect.stringContaining('a cow\nSteps: 3') },
  ]);
});

it('leaves out what a segment does not hold', () => {
  const long = { keyword: 'inlay', text: 'x'.repeat(70_000) };
  const [first] = texts;
  if (!first) throw new Error('two texts');
  expect(readExifTexts(exifOf([first, long]) ?? new Uint8Array(0))).toEqual([first]);
  expect(exifOf([{ keyword: 'parameters', text: 'x'.repeat(40_000) }])).toBeNull();
  expect(exifOf([])).toBeNull();
});

it('knows kinds and losses by the first bytes', async () => {
  const head = async (image: Buffer | Uint8Array, name?: string) => readHead(new Uint8Array(image), name);
  const deep = await opaque().toColourspace('rgb16').png().toBuffer();
  expect(await head(deep)).toMatchObject({ kind: 'png', bits: 16 });
  expect(lossInWords(await head(deep))).toBe('its 16 bits a channel become 8');
  const cmyk = await opaque().toColourspace('cmyk').jpeg().toBuffer();
  expect(lossInWords(await head(cmyk))).toBe('its CMYK colours become sRGB');
  expect(await head(await opaque().tiff().toBuffer())).toMatchObject({ kind: 'tiff' });
  expect(await head(await opaque().gif().toBuffer())).toMatchObject({ kind: 'gif' });
  expect(await head(await opaque().avif().toBuffer())).toMatchObject({ kind: 'avif', bits: 8 });
  const text = (value: string) => new TextEncoder().encode(value);
  expect(await head(text('\ufeff<?xml version="1.0"?><!-- a --><svg xmlns="x"/>'))).toMatchObject({
    kind: 'svg',
  });
  expect(await head(text('8BPS...'))).toMatchObject({ kind: 'psd' });
  expect(await head(text('hello'), 'a.TGA')).toMatchObject({ kind: 'tga' });
  expect(await head(text('hello'))).toMatchObject({ kind: null });
  const p3 = readFileSync('test/pictures/p3-greens.png');
  expect(await head(p3)).toMatchObject({ profile: { space: 'display-p3' } });
});

it.each(['sound.heic', 'whole.tif'])('knows %s', async (name) => {
  const { kind } = await readHead(readFileSync(`test/pictures/${name}`));
  expect(kind).toBe(name === 'sound.heic' ? 'heic' : 'tiff');
});

it('damaged heads are read to their end and no further', async () => {
  const files = await Promise.all([
    clear().png().withIccProfile('p3').toBuffer(),
    opaque().jpeg().withIccProfile('p3').toBuffer(),
    clear().webp().withIccProfile('p3').toBuffer(),
    opaque().avif().toBuffer(),
  ]);
  for (const file of files) {
    for (let i = 0; i < 600; i++) {
      const broken = Buffer.from(file.subarray(0, i % 3 === 0 ? (i * 7) % file.length : file.length));
      if (broken.length > 8) broken[8 + ((i * 31) % (broken.length - 8))] = (i * 89) % 256;
      await readHead(broken);
      await readPictureTexts(new Blob([new Uint8Array(broken)]));
    }
  }
});
