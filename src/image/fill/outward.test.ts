import { describe, expect, it } from 'vitest';
import { finish } from '../../../test/support/finish';
import { createMask, createPixels, type Mask, type Pixels } from '../raster';
import { fillHole } from './fillHole';
import { allows, outwardOf } from './outward';
import { HOLE, KNOWN, VOID } from './scale';

/** A known image of 4 × 3 pixels at (2, 1) of 10 × 8, the rest a hole. */
function framed(at?: { pixel: number; kind: number }) {
  const kinds = new Uint8Array(80).fill(HOLE);
  for (let y = 1; y < 4; y++) kinds.fill(KNOWN, y * 10 + 2, y * 10 + 6);
  if (at) kinds[at.pixel] = at.kind;
  return { width: 10, height: 8, kinds };
}

describe('what lies outside', () => {
  it('is a hole beyond the smallest rectangle around all that is known', () => {
    expect(finish(outwardOf(framed()))?.core).toEqual({ x: 2, y: 1, width: 4, height: 3 });
    // One known pixel in the corner: the hole is inside.
    expect(finish(outwardOf({ ...framed({ pixel: 0, kind: KNOWN }), width: 10 }))?.core.x).toBe(0);
    const inside = new Uint8Array(80).fill(KNOWN);
    inside.fill(HOLE, 33, 36);
    expect(finish(outwardOf({ width: 10, height: 8, kinds: inside }))).toBeNull();
    // In a corner of the image, and around it transparency that is not to be filled.
    inside.fill(HOLE, 0, 3);
    expect(finish(outwardOf({ width: 10, height: 8, kinds: inside }))).toBeNull();
    const surrounded = framed().kinds.map((kind) => (kind === HOLE ? VOID : kind));
    expect(finish(outwardOf({ width: 10, height: 8, kinds: surrounded }))).toBeNull();
    expect(finish(outwardOf({ width: 10, height: 8, kinds: new Uint8Array(80).fill(HOLE) }))).toBeNull();
  });

  it('is matched beside the image in its row, above and below it near the border', () => {
    const outward = finish(outwardOf({ width: 300, height: 100, kinds: core(300, 100) }));
    if (!outward) throw new Error('the hole is around the core');
    expect(outward.core).toEqual({ x: 100, y: 20, width: 100, height: 60 });
    const at = (x: number, y: number) => y * 300 + x;
    // Of 60 rows 3 up and down; of 100 columns 35, but half of those that are to be filled.
    expect(outward).toMatchObject({ rowsBeside: 3, rowsFromBorder: 12, columnsBeside: 25 });
    expect(outward.columnsFromBorder).toBe(50);
    expect(allows(outward, at(50, 40), at(110, 42))).toBe(true);
    expect(allows(outward, at(50, 40), at(110, 44))).toBe(false);
    expect(allows(outward, at(50, 40), at(151, 40))).toBe(false);
    expect(allows(outward, at(150, 5), at(140, 30))).toBe(true);
    expect(allows(outward, at(150, 5), at(140, 33))).toBe(false);
    expect(allows(outward, at(150, 5), at(120, 30))).toBe(false);
    // A corner: near both borders.
    expect(allows(outward, at(10, 95), at(140, 70))).toBe(true);
    expect(allows(outward, at(10, 95), at(140, 60))).toBe(false);
    // Inside of the core anything goes.
    expect(allows(outward, at(150, 50), at(101, 21))).toBe(true);
  });
});

function core(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x >= 100 && x < 200 && y >= 20 && y < 80 ? KNOWN : HOLE;
  });
}

const SKY = [110, 160, 230] as const;
const THING = [230, 30, 30] as const;
/** Of the horizon, in the image. */
const HORIZON = 40;

/** Sky over grass of two greens, and a red thing in the middle of it. */
function landscape(x: number, y: number): readonly [number, number, number] {
  if (Math.hypot(x - 60, y - 55) < 14) return THING;
  if (y < HORIZON) return SKY;
  return (x * 7 + y * 13) % 5 < 2 ? [60, 120, 40] : [90, 160, 60];
}

/** The landscape of 120 × 90 pixels on a larger canvas, and the mask of what is new. */
function extended(margins: { left: number; top: number; right: number; bottom: number }) {
  const size = { width: 120 + margins.left + margins.right, height: 90 + margins.top + margins.bottom };
  const image = createPixels(size);
  const hole = createMask(size);
  for (let i = 0; i < hole.data.length; i++) {
    const [x, y] = [(i % size.width) - margins.left, Math.floor(i / size.width) - margins.top];
    const isOld = x >= 0 && y >= 0 && x < 120 && y < 90;
    if (!isOld) hole.data[i] = 255;
    image.data.set(isOld ? [...landscape(x, y), 255] : [255, 0, 255, 255], 4 * i);
  }
  return { image, hole };
}

/** Shares of the hole's pixels in rows for which `counts`: blue, green, and near to the thing's red. */
function colours({ data, width }: Pixels, hole: Mask, counts: (y: number) => boolean) {
  let [blue, green, red, all] = [0, 0, 0, 0];
  for (let i = 0; i < hole.data.length; i++) {
    if (hole.data[i] !== 255 || !counts(Math.floor(i / width))) continue;
    const [r = 0, g = 0, b = 0] = data.subarray(4 * i, 4 * i + 3);
    all++;
    if (b > g && b > r) blue++;
    if (g > b && g > r) green++;
    if (r > 180 && g < 90) red++;
  }
  return { blue: blue / all, green: green / all, red: red / all };
}

describe('a canvas that was extended', () => {
  it.each([
    ['on one side', { left: 0, top: 0, right: 120, bottom: 0 }],
    ['on all sides', { left: 30, top: 24, right: 30, bottom: 24 }],
    ['to four times its size', { left: 60, top: 45, right: 60, bottom: 45 }],
  ])('%s: the horizon keeps its height, sky is above, and things are not repeated', async (_, margins) => {
    const { image, hole } = extended(margins);
    const filled = await fillHole(image, hole, { seed: 1 });
    const horizon = HORIZON + margins.top;
    // A few rows may waver.
    const above = colours(filled, hole, (y) => y < horizon - 8);
    const below = colours(filled, hole, (y) => y >= horizon + 8);
    expect(above.blue).toBeGreaterThan(0.98);
    expect(below.green).toBeGreaterThan(0.98);
    expect(below.red).toBeLessThan(0.01);
  });

  it('keeps every pixel of the image, and another seed goes on in another way', async () => {
    const { image, hole } = extended({ left: 30, top: 24, right: 30, bottom: 24 });
    const first = await fillHole(image, hole, { seed: 1 });
    const second = await fillHole(image, hole, { seed: 2 });
    let [differs, all] = [0, 0];
    hole.data.forEach((value, i) => {
      const [a, b] = [first.data.subarray(4 * i, 4 * i + 4), second.data.subarray(4 * i, 4 * i + 4)];
      if (value === 0) expect([...a]).toEqual([...image.data.subarray(4 * i, 4 * i + 4)]);
      else {
        all++;
        if (a.some((channel, c) => channel !== b[c])) differs++;
      }
    });
    expect(differs / all).toBeGreaterThan(0.2);
  });
});
