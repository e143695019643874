import { describe, expect, it } from 'vitest';
import { blend, defaultFeather, featherWeights } from './featheredPaste';
import { createMask, createPixels, type Mask } from './raster';

/** A mask from rows of text, # being white. */
function maskOf(...rows: string[]): Mask {
  const mask = createMask({ width: rows[0]?.length ?? 0, height: rows.length });
  mask.data.set([...rows.join('')].map((c) => (c === '#' ? 255 : 0)));
  return mask;
}
const whole = (mask: Mask) => ({ x: 0, y: 0, width: mask.width, height: mask.height });

describe('blend', () => {
  const one = (...rgba: number[]) => ({ width: 1, height: 1, data: Uint8ClampedArray.from(rgba) });
  const mixed = (base: number[], patch: number[], weight: number) => [
    ...blend(one(...base), one(...patch), Uint8Array.of(weight)).data,
  ];

  it('takes no colour from what is transparent', () => {
    // 255 × 128 / 255 of alpha; all of the colour is the patch's, whatever hides below.
    expect(mixed([0, 0, 0, 0], [200, 180, 60, 255], 128)).toEqual([200, 180, 60, 128]);
    expect(mixed([255, 255, 255, 0], [200, 180, 60, 255], 128)).toEqual([200, 180, 60, 128]);
  });

  it('weighs colours by their alpha', () => {
    // 155 × 51 of the base, 100 × 255 of the patch: 200 × 25500 / 33405 = 152.7; alpha 51 + 204 × 100 / 255 = 131.
    expect(mixed([0, 10, 20, 51], [200, 10, 20, 255], 100)).toEqual([153, 10, 20, 131]);
    // Of one alpha: 100 + 100 × 128 / 255.
    expect(mixed([100, 0, 0, 80], [200, 0, 0, 80], 128)).toEqual([150, 0, 0, 80]);
  });

  it('keeps what it does not touch, hidden colours too, and gives the patch whole at the full weight', () => {
    expect(mixed([9, 8, 7, 0], [200, 180, 60, 255], 0)).toEqual([9, 8, 7, 0]);
    expect(mixed([9, 8, 7, 0], [200, 180, 60, 255], 255)).toEqual([200, 180, 60, 255]);
    expect(mixed([9, 8, 7, 0], [200, 180, 60, 0], 128)).toEqual([9, 8, 7, 0]);
  });
});

describe('featherWeights', () => {
  it('is hard without a feather', () => {
    const mask = maskOf('..##..', '.####.');
    expect([...featherWeights(mask, whole(mask), 0)]).toEqual([...mask.data]);
  });

  it('rises inward from the edge, and not at the picture’s own edge', () => {
    // Depths 1, 2, 3, 4, 5, 6 from the left; ramp min(2, (6 − 1) / 2 or more) = 2: 255 × 1/3, 2/3, 1.
    const mask = maskOf('..######', '..######', '..######');
    const row = [0, 0, 85, 170, 255, 255, 255, 255];
    expect([...featherWeights(mask, whole(mask), 2)]).toEqual([...row, ...row, ...row]);
  });

  it('shortens where the mask is thin', () => {
    // Depth 1 everywhere: ramp (1 − 1) / 2 = 0, all of it.
    const hair = maskOf('......', '######', '......');
    expect([...featherWeights(hair, whole(hair), 8)].slice(6, 12)).toEqual(Array(6).fill(255));
    // Depths 1, 2, 1 from the top: ramp (2 − 1) / 2 = 0.5; 255 × 1 / 1.5 = 170 beside the middle.
    const wire = maskOf('......', '######', '######', '######', '......');
    const weights = featherWeights(wire, whole(wire), 8);
    expect([9, 15, 21].map((i) => weights[i])).toEqual([170, 255, 170]);
  });

  it('is the same across the blocks that it is computed in', () => {
    // 2300 wide: blocks from the left end at 1024 and 2048 of the paint; mirrored they end elsewhere.
    const mask = createMask({ width: 2300, height: 90 });
    for (let y = 4; y < 86; y++) mask.data.fill(255, y * 2300 + 7, y * 2300 + 2290);
    for (let i = 0; i < 60; i++) mask.data[((i * 53) % 90) * 2300 + ((i * 617) % 2300)] = 0;
    const mirrored = (data: Uint8Array) => {
      const flipped = new Uint8Array(data.length);
      for (let y = 0; y < 90; y++) {
        for (let x = 0; x < 2300; x++) flipped[y * 2300 + x] = data[y * 2300 + 2299 - x] ?? 0;
      }
      return flipped;
    };
    const weights = featherWeights(mask, whole(mask), 9);
    const other = featherWeights({ ...mask, data: mirrored(mask.data) }, whole(mask), 9);
    expect(Buffer.from(mirrored(other)).equals(Buffer.from(weights))).toBe(true);
    expect(new Set(weights).size).toBeGreaterThan(10);
  });

  it('takes less of the answer where the mask is soft', () => {
    const mask = maskOf('..####');
    mask.data[2] = 60;
    mask.data[3] = 180;
    expect([...featherWeights(mask, whole(mask), 0)]).toEqual([0, 0, 60, 180, 255, 255]);
    // Depths 1 … 4, ramp 1: 1/2 of 60, then all.
    expect([...featherWeights(mask, whole(mask), 1)]).toEqual([0, 0, 30, 180, 255, 255]);
  });

  it('rises from the area’s edge where the mask goes on beyond it, and not from the picture’s', () => {
    // The area ends in the middle of the white: depths from its right edge 6 … 1, at the picture's left none.
    const mask = maskOf('########', '########', '########');
    const row = [255, 255, 255, 255, 170, 85];
    expect([...featherWeights(mask, { x: 0, y: 0, width: 6, height: 3 }, 2)]).toEqual([
      ...row,
      ...row,
      ...row,
    ]);
  });

  it('covers only the area asked for', () => {
    const mask = maskOf('......', '.####.', '.####.', '......');
    expect([...featherWeights(mask, { x: 2, y: 1, width: 4, height: 1 }, 0)]).toEqual([255, 255, 255, 0]);
  });
});

describe('blend', () => {
  it('takes bytes whole at the ends and mixes between', () => {
    const base = { ...createPixels({ width: 3, height: 1 }) };
    base.data.set([10, 20, 30, 255, 10, 20, 30, 255, 10, 20, 30, 255]);
    const patch = createPixels(base);
    patch.data.set([200, 100, 0, 255, 200, 100, 0, 255, 200, 100, 0, 255]);
    // 51 / 255 = 0.2: 10 + 0.2 × 190 = 48, 20 + 16 = 36, 30 − 6 = 24.
    const mixed = blend(base, patch, Uint8Array.of(0, 51, 255));
    expect([...mixed.data]).toEqual([10, 20, 30, 255, 48, 36, 24, 255, 200, 100, 0, 255]);
  });

  it('refuses a patch of another size', () => {
    expect(() =>
      blend(createPixels({ width: 2, height: 2 }), createPixels({ width: 2, height: 3 }), new Uint8Array(4)),
    ).toThrow('2 × 3');
  });
});

it('defaultFeather is four model pixels in the picture, within reason', () => {
  expect(defaultFeather({ frame: { width: 1024 }, size: { width: 256 } })).toBe(16);
  expect(defaultFeather({ frame: { width: 128 }, size: { width: 256 } })).toBe(4);
  expect(defaultFeather({ frame: { width: 8000 }, size: { width: 256 } })).toBe(64);
});
