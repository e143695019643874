import { describe, expect, it } from 'vitest';
import { matchCell, matchColours } from './colourMatch';
import { blend, featherWeights } from './featheredPaste';
import { createMask, createPixels, type Mask, type Pixels } from './raster';

type Colour = readonly [number, number, number];
type Picture = (x: number, y: number) => Colour;

const SIZE = { width: 160, height: 120 };
const CELL = 4;

function pixelsOf(colour: Picture, size = SIZE): Pixels {
  const pixels = createPixels(size);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      pixels.data.set([...colour(x, y), 255], (y * size.width + x) * 4);
    }
  }
  return pixels;
}

function maskOf(inside: (x: number, y: number) => boolean, size = SIZE): Mask {
  const mask = createMask(size);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) mask.data[y * size.width + x] = inside(x, y) ? 255 : 0;
  }
  return mask;
}

const whole = { x: 0, y: 0, ...SIZE };
const disc = maskOf((x, y) => Math.hypot(x - 80, y - 60) < 40);
const at = ({ data, width }: Pixels, x: number, y: number) => [
  ...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3),
];
const plus =
  (colour: Picture, add: Colour): Picture =>
  (x, y) => {
    const [r, g, b] = colour(x, y);
    return [r + add[0], g + add[1], b + add[2]];
  };
const grey: Picture = () => [100, 100, 100];
/** Up to 0.9 levels a pixel. */
const gradient: Picture = (x, y) => [40 + x * 0.9, 60 + y * 0.7, 180 - x * 0.5 - y * 0.3];

/** The answer in the picture, matched and blended. */
function pasted(base: Pixels, answer: Pixels, mask: Mask, feather: number): Pixels {
  const weights = featherWeights(mask, whole, feather);
  return blend(base, matchColours(base, answer, weights, CELL), weights);
}

/** The largest difference from what the picture should be, over the pixels that `where` picks. */
function worst(result: Pixels, wanted: Pixels, where: (x: number, y: number) => boolean): number {
  let largest = 0;
  for (let y = 0; y < SIZE.height; y++) {
    for (let x = 0; x < SIZE.width; x++) {
      if (!where(x, y)) continue;
      const [a, b] = [at(result, x, y), at(wanted, x, y)];
      for (let c = 0; c < 3; c++) largest = Math.max(largest, Math.abs((a[c] ?? 0) - (b[c] ?? 0)));
    }
  }
  return largest;
}
const everywhere = () => true;

describe('matchColours', () => {
  it('a cell is four of the model’s pixels, in the picture', () => {
    expect(matchCell({ frame: { width: 4000, height: 3000 }, size: { width: 512, height: 384 } })).toBe(31);
    expect(matchCell({ frame: { width: 64, height: 64 }, size: { width: 512, height: 512 } })).toBe(1);
  });

  it('takes back what the whole answer is off by', () => {
    const answer = pixelsOf(plus(grey, [20, -12, 7]));
    // Drift outside: −20, 12, −7 in every cell; no step. Inside: 120 − 20, 88 + 12, 107 − 7.
    const matched = matchColours(pixelsOf(grey), answer, disc.data, CELL);
    expect(at(matched, 80, 60)).toEqual([100, 100, 100]);
    expect(at(matched, 50, 60)).toEqual([100, 100, 100]);
    // Where nothing of it will be seen, nothing is computed.
    expect(at(matched, 2, 2)).toEqual([120, 88, 107]);
  });

  it('takes back what the fill alone is off by', () => {
    const answer = pixelsOf((x, y) => (Math.hypot(x - 80, y - 60) < 40 ? [120, 88, 107] : [100, 100, 100]));
    // No drift; a step of −20, 12, −7 all along the border.
    const matched = matchColours(pixelsOf(grey), answer, disc.data, CELL);
    expect(at(matched, 80, 60)).toEqual([100, 100, 100]);
  });

  const shapes: [string, Mask][] = [
    ['a disc', disc],
    ['a rectangle', maskOf((x, y) => x >= 31 && x < 118 && y >= 22 && y < 91)],
    ['a part at the picture’s corner', maskOf((x, y) => x + y < 110)],
    ['the right half, drawn out', maskOf((x) => x >= 70)],
  ];
  for (const [name, mask] of shapes) {
    for (const feather of [0, 4]) {
      it(`leaves a seam below 3 levels on a gradient, a fill 20 levels off: ${name}, feather ${feather}`, () => {
        const base = pixelsOf(gradient);
        const inMask = (x: number, y: number) => mask.data[y * SIZE.width + x] !== 0;
        const off: Colour = [20, -20, 20];
        const everyPart = pixelsOf(plus(gradient, off));
        const fillAlone = pixelsOf((x, y) => (inMask(x, y) ? plus(gradient, off)(x, y) : gradient(x, y)));
        for (const answer of [everyPart, fillAlone]) {
          const weights = featherWeights(mask, whole, feather);
          expect(worst(blend(base, answer, weights), base, everywhere)).toBe(20);
          const result = pasted(base, answer, mask, feather);
          expect(worst(result, base, everywhere)).toBeLessThan(3);
          expect(worst(result, base, (x, y) => !inMask(x, y))).toBe(0);
        }
      });
    }
  }

  const wires: [string, (x: number, y: number) => boolean][] = [
    ['a level wire of 3 pixels', (x, y) => x > 10 && x < 150 && y >= 61 && y < 64],
    ['an upright hairline of 1 pixel', (x, y) => x === 82 && y < 100],
    ['a slanting wire of 2 pixels', (x, y) => Math.abs(y - 20 - x * 0.4) < 1],
    ['a wire of 3 pixels across all of the picture', (x, y) => Math.abs(y + 10 - x * 0.9) < 2],
    [
      'a wire that hangs from a disc',
      (x, y) => Math.hypot(x - 50, y - 40) < 20 || (x > 60 && y >= 39 && y < 42),
    ],
    ['a scratch of three dabs', (x, y) => [30, 75, 130].some((at) => Math.hypot(x - at, y - at / 2) < 2)],
  ];
  for (const [name, inWire] of wires) {
    it(`thinner than a cell: ${name}`, () => {
      const mask = maskOf(inWire);
      const base = pixelsOf(gradient);
      const off: Colour = [20, -20, 20];
      const fillAlone = pixelsOf((x, y) => (inWire(x, y) ? plus(gradient, off)(x, y) : gradient(x, y)));
      for (const answer of [pixelsOf(plus(gradient, off)), fillAlone]) {
        for (const feather of [0, 4]) {
          const weights = featherWeights(mask, whole, feather);
          expect(worst(blend(base, answer, weights), base, everywhere)).toBeGreaterThanOrEqual(10);
          expect(worst(pasted(base, answer, mask, feather), base, everywhere)).toBeLessThan(3);
        }
      }
    });
  }

  it('a wire in a picture of four times the model’s size, where the answer is smeared over its border', () => {
    const inWire = (_x: number, y: number) => y >= 59 && y < 62;
    const base = pixelsOf(gradient);
    // 20 levels off in the wire, falling to nothing four pixels from it: one of the model's pixels.
    const off = (y: number) => 20 * Math.max(0, 1 - Math.max(0, Math.abs(y - 60) - 1) / 4);
    const answer = pixelsOf((x, y) => plus(gradient, [off(y), -off(y), 0])(x, y));
    const weights = featherWeights(maskOf(inWire), whole, 4);
    const matched = matchColours(base, answer, weights, 16);
    expect(worst(blend(base, matched, weights), base, everywhere)).toBeLessThan(3);
  });

  it('a wire in rough texture, and one that is another thing, stay as they are', () => {
    const inWire = (_x: number, y: number) => y >= 61 && y < 64;
    const rough: Picture = (x, y) => {
      const hash = Math.imul(x * 374761393 + y * 668265263, 1274126177) >>> 0;
      const value = 120 + ((hash >>> 8) % 61) - 30;
      return [value, value, value];
    };
    const texture = pixelsOf(rough);
    expect(worst(pasted(texture, texture, maskOf(inWire), 0), texture, everywhere)).toBeLessThan(3);
    const cable = pixelsOf((x, y) => (inWire(x, y) ? [20, 20, 20] : [100, 100, 100]));
    expect(at(pasted(pixelsOf(grey), cable, maskOf(inWire), 0), 80, 62)).toEqual([20, 20, 20]);
  });

  it('follows a fill that is off by more on one side than on the other', () => {
    const base = pixelsOf(gradient);
    // From −12 at the disc's left to +12 at its right: within what the border tells.
    const slanted: Picture = (x, y) => plus(gradient, [(x - 80) * 0.3, 0, 10])(x, y);
    const answer = pixelsOf((x, y) => (Math.hypot(x - 80, y - 60) < 40 ? slanted(x, y) : gradient(x, y)));
    const result = pasted(base, answer, disc, 4);
    expect(worst(result, base, (x, y) => Math.hypot(x - 80, y - 60) > 32)).toBeLessThan(4);
  });

  it('a red ball at the border tints nothing', () => {
    // Over the mask's right border; its surroundings are drawn as they were.
    const ball = (x: number, y: number) => Math.hypot(x - 118, y - 60) < 14;
    const answer = pixelsOf((x, y) => (ball(x, y) ? [200, 20, 20] : [100, 100, 100]));
    const result = pasted(pixelsOf(grey), answer, disc, 4);
    const farFromIt = (x: number, y: number) => Math.hypot(x - 118, y - 60) > 15;
    expect(worst(result, pixelsOf(grey), farFromIt)).toBeLessThan(2);
    expect(at(result, 108, 60)).toEqual([200, 20, 20]);
  });

  it('a fill that is another thing all along its border stays as it is', () => {
    const answer = pixelsOf((x, y) => (Math.hypot(x - 80, y - 60) < 40 ? [200, 20, 20] : [100, 100, 100]));
    const result = pasted(pixelsOf(grey), answer, disc, 0);
    expect(at(result, 80, 60)).toEqual([200, 20, 20]);
    expect(at(result, 43, 60)).toEqual([200, 20, 20]);
  });

  it('drift counts beneath a fill that is another thing', () => {
    const drawn: Picture = (x, y) => (Math.hypot(x - 80, y - 60) < 40 ? [200, 20, 20] : [100, 100, 100]);
    const result = pasted(pixelsOf(grey), pixelsOf(plus(drawn, [9, 9, 9])), disc, 0);
    expect(at(result, 80, 60)).toEqual([200, 20, 20]);
  });

  it('rough texture is no step', () => {
    // A fixed hash of the place, ± 30 levels, the same on both sides of the border.
    const rough: Picture = (x, y) => {
      const hash = Math.imul(x * 374761393 + y * 668265263, 1274126177) >>> 0;
      const value = 120 + ((hash >>> 8) % 61) - 30;
      return [value, value, value];
    };
    const base = pixelsOf(rough);
    expect(worst(pasted(base, base, disc, 0), base, everywhere)).toBeLessThan(3);
  });

  it('changes nothing where the mask covers all, where it is empty, and in alpha', () => {
    const base = pixelsOf(grey);
    const answer = pixelsOf(plus(grey, [20, 20, 20]));
    expect(matchColours(base, answer, new Uint8Array(160 * 120).fill(255), CELL)).toBe(answer);
    expect(matchColours(base, answer, new Uint8Array(160 * 120), CELL)).toBe(answer);
    for (let i = (60 * 160 + 70) * 4; i < (60 * 160 + 90) * 4; i += 4) answer.data[i + 3] = 128;
    const matched = matchColours(base, answer, disc.data, CELL);
    expect(at(matched, 80, 60)).toEqual([100, 100, 100]);
    expect(matched.data.every((value, i) => i % 4 !== 3 || value === answer.data[i])).toBe(true);
  });

  it('a transparent surrounding tells nothing', () => {
    const base = pixelsOf(grey);
    for (let i = 0; i < disc.data.length; i++) if (disc.data[i] === 0) base.data.fill(0, i * 4, i * 4 + 4);
    const answer = pixelsOf(() => [255, 255, 255]);
    const matched = matchColours(base, answer, disc.data, CELL);
    expect(at(matched, 80, 60)).toEqual([255, 255, 255]);
  });
});
