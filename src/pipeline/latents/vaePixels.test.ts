import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resizeLanczos } from '../../image/lanczos';
import type { Pixels } from '../../image/raster';
import { flatten } from '../../image/scale';
import { fitImage, fitMask, fromVaeOutput, toLatentMask, toVaeInput } from './vaePixels';

// Made by `python tools/goldens/resize.py` (Pillow 13, diffusers 0.36). Exact.
interface ResizeGolden {
  cases: {
    from: [number, number];
    to: [number, number];
    resized: string;
    vaeInput: string;
    mask: string;
    masked: number;
    contrast: string | null;
  }[];
}
const golden = JSON.parse(readFileSync('goldens/values/resize.json', 'utf8')) as ResizeGolden;

const sha256 = (values: Uint8Array | Float32Array) =>
  createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');

/** The script's noise: opaque RGBA. */
function noise(width: number, height: number): Pixels {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height * 3; i++) {
    data[Math.floor(i / 3) * 4 + (i % 3)] = (Math.imul(i, 2654435761) >>> 13) & 255;
  }
  return { data, width, height };
}

describe('pictures into the VAE', () => {
  for (const { from, to, ...expected } of golden.cases) {
    it(`are Pillow's and diffusers' bytes, ${from.join('×')} to ${to.join('×')}`, () => {
      const image = noise(...from);
      const size = { width: to[0], height: to[1] };
      const fitted = fitImage(image, size);
      expect(sha256(fitted.data)).toBe(expected.resized);
      expect(sha256(toVaeInput(fitted))).toBe(expected.vaeInput);
      const mask = fitMask(image, size);
      expect(mask.reduce((sum, value) => sum + value, 0)).toBe(expected.masked);
      expect(sha256(mask)).toBe(expected.mask);
    });
  }

  it('lays a transparent picture over white and a transparent mask over black', () => {
    const clear: Pixels = { data: new Uint8ClampedArray([255, 255, 255, 0]), width: 1, height: 1 };
    expect(fitMask(clear, { width: 1, height: 1 })[0]).toBe(0);
    const black: Pixels = { data: new Uint8ClampedArray([0, 0, 0, 0]), width: 1, height: 1 };
    expect([...fitImage(black, { width: 1, height: 1 }).data]).toEqual([255, 255, 255]);
    // 100 · 51/255 + 255 · 204/255 = 20 + 204
    const veil: Pixels = { data: new Uint8ClampedArray([100, 0, 0, 51]), width: 1, height: 1 };
    expect(flatten(veil, 255).data[0]).toBe(224);
  });

  it('paints the masked pixels mid-grey', () => {
    const image = { data: new Uint8Array([255, 255, 255, 255, 0, 51]), width: 2, height: 1 };
    // Channel by channel: 255 → 1, 0 → −1, 51 → 2 · 0.2 − 1; the first pixel is masked.
    const expected = [0, 1, 0, -1, 0, Math.fround(2 * Math.fround(0.2) - 1)];
    expect([...toVaeInput(image, new Uint8Array([1, 0]))]).toEqual(expected);
  });

  it('takes the top left pixel of every latent cell of the mask', () => {
    const mask = new Uint8Array(16 * 8);
    mask[0] = 1; // cell 0
    mask[9] = 1; // beside the corner of cell 1
    expect([...toLatentMask(mask, { width: 16, height: 8 }, 8)]).toEqual([1, 0]);
  });
});

describe('pictures out of the VAE', () => {
  for (const { from, contrast } of golden.cases) {
    if (contrast === null) continue;
    it(`round and clamp as diffusers does, ${from.join('×')}`, () => {
      const [width, height] = from;
      const decoded = toVaeInput(flatten(noise(width, height), 255)).map((value) => value * Math.fround(1.1));
      expect(sha256(flatten(fromVaeOutput(decoded, { width, height }), 0).data)).toBe(contrast);
    });
  }

  it('leaves a picture of the right size alone', () => {
    const image = flatten(noise(8, 8), 0);
    expect(resizeLanczos(image, { width: 8, height: 8 })).toBe(image);
  });
});
