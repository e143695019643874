import { readFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { openHeif } from './heif';
import { decodeTiff } from './tiff';

const size = { width: 20, height: 12 };
const values = Uint8Array.from({ length: 20 * 12 * 4 }, (_, i) => (i * 37) % 256);
const clear = () => sharp(values, { raw: { ...size, channels: 4 } });
const opaque = () => clear().removeAlpha();
const expected = (file: Buffer) =>
  sharp(file, { ignoreIcc: true }).autoOrient().toColourspace('srgb').ensureAlpha().raw().toBuffer();

describe('TIFF', () => {
  const forms: [string, () => Sharp][] = [
    ['uncompressed', () => opaque().tiff({ compression: 'none' })],
    ['LZW with a predictor', () => opaque().tiff({ compression: 'lzw', predictor: 'horizontal' })],
    ['Deflate, with alpha', () => clear().tiff({ compression: 'deflate' })],
    ['PackBits', () => opaque().tiff({ compression: 'packbits' })],
    ['grey', () => opaque().greyscale().tiff({ compression: 'lzw' })],
    ['in tiles', () => opaque().tiff({ compression: 'lzw', tile: true, tileWidth: 16, tileHeight: 16 })],
    ['of 16 bits', () => opaque().toColourspace('rgb16').tiff({ compression: 'lzw' })],
    ['one bit a pixel', () => opaque().threshold(128).greyscale().tiff({ compression: 'none', bitdepth: 1 })],
  ];
  for (let orientation = 2; orientation <= 8; orientation++) {
    forms.push([
      `turned (${orientation})`,
      () => opaque().withMetadata({ orientation }).tiff({ compression: 'lzw' }),
    ]);
  }

  it.each(forms)('%s', async (_name, make) => {
    const file = await make().toBuffer();
    const { pixels } = await decodeTiff(new Uint8Array(file), 100);
    const want = await expected(file);
    expect(pixels.width * pixels.height * 4).toBe(want.length);
    let worst = 0;
    want.forEach((value, i) => {
      worst = Math.max(worst, Math.abs(value - (pixels.data[i] ?? 0)));
    });
    // 16 bits: sharp cuts off, here they are rounded.
    expect(worst).toBeLessThanOrEqual(1);
  });

  it.each(['ycbcr in JPEG', 'CMYK'])('%s, about', async (form) => {
    const smooth = sharp({ create: { ...size, channels: 3, background: { r: 40, g: 120, b: 200 } } });
    const file = await (form === 'CMYK'
      ? smooth.toColourspace('cmyk').tiff({ compression: 'lzw' })
      : smooth.tiff({ compression: 'jpeg', quality: 100 })
    ).toBuffer();
    const { pixels, isCmyk } = await decodeTiff(new Uint8Array(file), 100);
    expect(isCmyk).toBe(form === 'CMYK');
    const [red = 0, green = 0, blue = 0] = pixels.data;
    // Without a profile print's colours are a guess.
    const reach = form === 'CMYK' ? 60 : 4;
    expect(Math.max(Math.abs(red - 40), Math.abs(green - 120), Math.abs(blue - 200))).toBeLessThan(reach);
  });

  it('says what it has of bits and profile, and refuses giants before they are decoded', async () => {
    const deep = await opaque().toColourspace('rgb16').tiff({ compression: 'none' }).toBuffer();
    expect(await decodeTiff(deep, 100)).toMatchObject({ bits: 16 });
    const wide = await opaque().withIccProfile('p3').tiff({ compression: 'lzw' }).toBuffer();
    expect(await decodeTiff(wide, 100)).toMatchObject({ bits: 8, profile: { space: 'display-p3' } });
    await expect(decodeTiff(deep, 16)).rejects.toThrow('20 × 12');
    await expect(decodeTiff(deep.subarray(0, 100), 100)).rejects.toThrow();
  });
});

it('HEIC: size from the header, then its pixels', async () => {
  const picture = await openHeif(readFileSync('test/pictures/sound.heic'));
  expect([picture.width, picture.height]).toEqual([320, 240]);
  const { width, height, data } = await picture.decode();
  picture.close();
  expect([width, height, [...data.subarray(0, 4)]]).toEqual([320, 240, [60, 61, 179, 255]]);
  await expect(openHeif(readFileSync('test/pictures/sound.heic').subarray(0, 300))).rejects.toThrow();
});
