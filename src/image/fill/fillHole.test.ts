import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Size } from '../geometry';
import { createMask, createPixels, type Mask, type Pixels } from '../raster';
import { NothingLeftError } from './errors';
import { fillHole } from './fillHole';

type Paint = (x: number, y: number) => readonly [number, number, number, number?];

function picture(size: Size, paint: Paint): Pixels {
  const pixels = createPixels(size);
  for (let i = 0; i < size.width * size.height; i++) {
    const [red, green, blue, alpha = 255] = paint(i % size.width, Math.floor(i / size.width));
    pixels.data.set([red, green, blue, alpha], 4 * i);
  }
  return pixels;
}

function painted(size: Size, isHole: (x: number, y: number) => boolean): Mask {
  const mask = createMask(size);
  for (let i = 0; i < mask.data.length; i++) {
    if (isHole(i % size.width, Math.floor(i / size.width))) mask.data[i] = 255;
  }
  return mask;
}

/** Mean difference of colours in the hole, of 255. */
function meanError(a: Pixels, b: Pixels, hole: Mask): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < hole.data.length; i++) {
    if ((hole.data[i] ?? 0) < 128) continue;
    for (let c = 0; c < 3; c++) sum += Math.abs((a.data[4 * i + c] ?? 0) - (b.data[4 * i + c] ?? 0));
    count += 3;
  }
  return sum / count;
}

const block = (x: number, y: number, size: number) => (px: number, py: number) =>
  px >= x && py >= y && px < x + size && py < y + size;

describe('what the hole is completed with', () => {
  it('goes on with a pattern that repeats', async () => {
    const size = { width: 96, height: 96 };
    const truth = picture(size, (x, y) =>
      (x >> 3) % 2 === (y >> 3) % 2 ? [200, 60 + (x % 8) * 4, 40] : [30, 90, 160],
    );
    const hole = painted(size, block(36, 34, 24));
    const filled = await fillHole(truth, hole, { seed: 1 });
    expect(meanError(filled, truth, hole)).toBeLessThan(6);
  });

  it('joins an edge that runs through the hole', async () => {
    const size = { width: 96, height: 96 };
    const truth = picture(size, (x, y) => (y < 40 + x / 8 ? [90, 140, 220] : [70, 110, 50]));
    const hole = painted(size, block(34, 32, 24));
    const filled = await fillHole(truth, hole, { seed: 1 });
    expect(meanError(filled, truth, hole)).toBeLessThan(3);
  });

  it('goes on to the image’s border and into its corner', async () => {
    const size = { width: 80, height: 64 };
    const truth = picture(size, (x) => (x % 10 < 5 ? [220, 220, 210] : [60, 40, 30]));
    for (const hole of [
      painted(size, (x, y) => x < 14 && y < 14),
      painted(size, (_, y) => y < 16),
      painted(size, (x, y) => x < 10 || y < 10 || x >= 70 || y >= 54),
    ]) {
      const filled = await fillHole(truth, hole, { seed: 2 });
      expect(meanError(filled, truth, hole)).toBeLessThan(12);
    }
  });

  it('fills holes that lie far apart each from its own surroundings', async () => {
    const size = { width: 700, height: 120 };
    const truth = picture(size, (x, y) =>
      x < 350 ? [200, 30 + (y % 6) * 5, 20] : [20, 30, 180 + (y % 6) * 5],
    );
    const hole = painted(size, (x, y) => block(60, 50, 20)(x, y) || block(620, 50, 20)(x, y));
    const filled = await fillHole(truth, hole, { seed: 1 });
    expect(meanError(filled, truth, hole)).toBeLessThan(8);
  });
});

describe('what it takes', () => {
  it('takes nothing from pixels that are not opaque, and keeps alpha', async () => {
    const size = { width: 64, height: 64 };
    const image = picture(size, (x, y) =>
      x >= 40 ? [255, 0, 255, x < 50 ? 128 : 0] : block(10, 20, 12)(x, y) ? [1, 2, 3, 90] : [40, 120, 60],
    );
    const hole = painted(size, (x, y) => block(10, 20, 12)(x, y) || block(34, 30, 12)(x, y));
    const filled = await fillHole(image, hole, { seed: 1 });
    for (let i = 0; i < hole.data.length; i++) {
      expect(filled.data[4 * i + 3]).toBe(image.data[4 * i + 3]);
      if (hole.data[i] === 255) expect([...filled.data.subarray(4 * i, 4 * i + 3)]).toEqual([40, 120, 60]);
    }
  });

  it('looks as far as it must for an opaque pixel', async () => {
    const size = { width: 600, height: 40 };
    const image = picture(size, (x) => (x === 599 ? [9, 8, 7] : [255, 255, 255, 0]));
    const hole = painted(size, block(10, 10, 12));
    const filled = await fillHole(image, hole, { seed: 1 });
    expect([...filled.data.subarray(4 * (15 * 600 + 15), 4 * (15 * 600 + 15) + 4)]).toEqual([9, 8, 7, 0]);
  });

  it('counts a soft edge from 128 up', async () => {
    const size = { width: 40, height: 40 };
    const image = picture(size, (x, y) => (block(15, 15, 8)(x, y) ? [255, 0, 0] : [10, 20, 30]));
    const hole = createMask(size);
    for (let i = 0; i < hole.data.length; i++) {
      const inside = block(15, 15, 8)(i % 40, Math.floor(i / 40));
      hole.data[i] = inside ? 128 : 127;
    }
    const filled = await fillHole(image, hole, { seed: 1 });
    expect(filled).toEqual(picture(size, () => [10, 20, 30]));
  });

  it('fills tiny images and most of an image', async () => {
    for (const [width, height] of [
      [1, 2],
      [3, 200],
      [200, 3],
      [16, 16],
      [2, 2],
    ] as const) {
      const size = { width, height };
      const image = picture(size, (x, y) => [x % 256, y % 256, 7]);
      const hole = painted(size, (x, y) => x + y > 0 && (x + y) % 4 !== 3);
      const filled = await fillHole(image, hole, { seed: 1 });
      for (let i = 0; i < hole.data.length; i++) expect(filled.data[4 * i + 2]).toBe(7);
    }
  });

  it('says so if nothing is left', async () => {
    const image = picture({ width: 1, height: 1 }, () => [1, 2, 3]);
    const all = painted(image, () => true);
    await expect(fillHole(image, all, { seed: 1 })).rejects.toThrow(NothingLeftError);
    const clear = picture({ width: 30, height: 30 }, () => [1, 2, 3, 254]);
    await expect(fillHole(clear, painted(clear, block(5, 5, 3)), { seed: 1 })).rejects.toThrow(
      NothingLeftError,
    );
  });

  it('gives the image back where there is no hole, and refuses a mask of another size', async () => {
    const image = picture({ width: 5, height: 4 }, (x, y) => [x, y, 3]);
    const progress: number[] = [];
    const copy = await fillHole(image, createMask(image), {
      seed: 1,
      onProgress: (share) => progress.push(share),
    });
    expect(copy).toEqual(image);
    expect(copy.data).not.toBe(image.data);
    expect(progress).toEqual([1]);
    const wrong = createMask({ width: 4, height: 5 });
    await expect(fillHole(image, wrong, { seed: 1 })).rejects.toThrow(RangeError);
  });
});

describe('the course of it', () => {
  const size = { width: 128, height: 128 };
  const image = picture(size, (x, y) => [(x * 7 + y * 3) % 256, (x * x + y) % 256, (x ^ y) % 256]);
  const hole = painted(size, block(40, 40, 48));

  it('is cancelled by a pause that throws', async () => {
    const cancelled = new DOMException('cancelled', 'AbortError');
    let pauses = 0;
    const pause = async () => {
      pauses++;
      if (pauses === 2) throw cancelled;
    };
    await expect(fillHole(image, hole, { seed: 1, pause })).rejects.toBe(cancelled);
    expect(pauses).toBe(2);
  });

  it('gives other completions for other seeds', async () => {
    const [one, two] = [await fillHole(image, hole, { seed: 1 }), await fillHole(image, hole, { seed: 2 })];
    expect(meanError(one, two, hole)).toBeGreaterThan(5);
  });
});

describe('for any image and hole', () => {
  const scene = fc
    .record({
      width: fc.integer({ min: 1, max: 40 }),
      height: fc.integer({ min: 1, max: 40 }),
      seed: fc.nat(),
    })
    .chain(({ width, height, seed }) =>
      fc.record({
        seed: fc.constant(seed),
        image: fc
          .uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 })
          .map((bytes): Pixels => ({ width, height, data: new Uint8ClampedArray(bytes) })),
        hole: fc
          .uint8Array({ minLength: width * height, maxLength: width * height })
          .map((bytes): Mask => ({ width, height, data: new Uint8Array(bytes) })),
        opaque: fc.boolean(),
      }),
    )
    .map(({ opaque, ...one }) => {
      // Random alpha leaves hardly an opaque pixel; half of the cases are opaque but for a few.
      one.image.data.forEach((value, i) => {
        if (i % 4 === 3) one.image.data[i] = opaque || value > 60 ? 255 : value;
      });
      one.image.data[3] = 255;
      one.hole.data[0] = 0;
      return one;
    });

  it('changes the hole alone, within the range of what is known, and the same each time', async () => {
    await fc.assert(
      fc.asyncProperty(scene, async ({ image, hole, seed }) => {
        const progress: number[] = [];
        const before = image.data.slice();
        const filled = await fillHole(image, hole, { seed, onProgress: (share) => progress.push(share) });
        expect(image.data).toEqual(before);
        const low = [255, 255, 255];
        const high = [0, 0, 0];
        for (let i = 0; i < hole.data.length; i++) {
          if ((hole.data[i] ?? 0) >= 128 || image.data[4 * i + 3] !== 255) continue;
          for (let c = 0; c < 3; c++) {
            low[c] = Math.min(low[c] ?? 0, image.data[4 * i + c] ?? 0);
            high[c] = Math.max(high[c] ?? 0, image.data[4 * i + c] ?? 0);
          }
        }
        for (let i = 0; i < hole.data.length; i++) {
          for (let c = 0; c < 4; c++) {
            const value = filled.data[4 * i + c] ?? 0;
            if ((hole.data[i] ?? 0) < 128 || c === 3) expect(value).toBe(image.data[4 * i + c]);
            else expect(value >= (low[c] ?? 0) && value <= (high[c] ?? 0)).toBe(true);
          }
        }
        expect(progress.at(-1)).toBe(1);
        expect(progress).toEqual([...progress].sort((a, b) => a - b));
        expect(await fillHole(image, hole, { seed })).toEqual(filled);
      }),
      { numRuns: 60 },
    );
  });
});
