import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { featherMask } from '../edges';
import { createMask, type Mask } from '../raster';
import { cleanMask, FAINT } from './cleanMask';

/** Rows of values as a mask. */
function maskOf(...rows: number[][]): Mask {
  return { width: rows[0]?.length ?? 0, height: rows.length, data: Uint8Array.from(rows.flat()) };
}

function cleaned(mask: Mask): Mask {
  const copy = { ...mask, data: Uint8Array.from(mask.data) };
  cleanMask(copy);
  return copy;
}

const row = (...values: number[]) => [...cleaned(maskOf(values)).data];

/** Noise that is the same each time. @returns 0 … 1 */
function noise(i: number): number {
  let hash = Math.imul(i ^ (i >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}

/** An ellipse of 255 in the middle of 120 × 90, over what `around` says. */
function ellipse(around: (i: number) => number): Mask {
  const mask = createMask({ width: 120, height: 90 });
  mask.data.forEach((_, i) => {
    mask.data[i] = isInside(i) ? 255 : around(i);
  });
  return mask;
}
const isInside = (i: number) => (((i % 120) - 60) / 35) ** 2 + ((Math.floor(i / 120) - 45) / 25) ** 2 <= 1;

describe('black', () => {
  it('is what is faint and hangs on to no shape', () => {
    expect(row(0, 20, 0, 0, 200, 0, 31, 9)).toEqual([0, 0, 0, 0, 200, 0, 0, 0]);
    // Not faint: that is somebody's grey.
    expect(row(0, 32, 0, 100, 0)).toEqual([0, 32, 0, 100, 0]);
    // A grey that reaches no 128 has no tail.
    expect(row(0, 12, 60, 127, 60, 12, 0)).toEqual([0, 0, 60, 127, 60, 0, 0]);
    expect(row(0, 12, 60, 128, 60, 12, 0)).toEqual([0, 12, 60, 128, 60, 12, 0]);
  });

  it('is not the soft edge of a shape, as long as it falls', () => {
    expect(row(255, 200, 100, 20, 10, 5, 0)).toEqual([255, 200, 100, 20, 10, 5, 0]);
    expect(row(0, 20, 255)).toEqual([0, 20, 255]);
    // It rises again: ringing. Where there is noise, an edge as steep as this goes on for one pixel.
    expect(row(255, 200, 100, 20, 10, 14, 6, 0)).toEqual([255, 200, 100, 20, 0, 0, 0, 0]);
  });

  it('is what goes on beyond the width of the edge', () => {
    // From below 64 to 32 in no pixel: 3 pixels of tail.
    expect(row(255, 9, 8, 7, 0).slice(0, 5)).toEqual([255, 9, 8, 7, 0]);
    expect(row(255, 100, 9, 8, 7, 6, 5, 4, 0)).toEqual([255, 100, 9, 0, 0, 0, 0, 0, 0]);
    // Nothing between white and noise: no soft edge.
    expect(row(255, 9, 8, 7, 6, 5, 4, 0)).toEqual([255, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('is a background of another value, noise and all, and soft edges stand on it', () => {
    const nearly = (level: (i: number) => number) => cleaned(ellipse(level));
    const hard = ellipse(() => 0);
    expect(nearly(() => 3)).toEqual(hard);
    expect(nearly(() => 16)).toEqual(hard);
    expect(nearly((i) => 1 + Math.floor(3 * noise(i)))).toEqual(hard);
    expect(nearly((i) => 6 + Math.floor(12 * noise(i)))).toEqual(hard);
    const soft = featherMask(hard, 12);
    const raised = cleaned({ ...soft, data: soft.data.map((value) => Math.max(3, value)) });
    raised.data.forEach((value, i) => {
      // By how much a plain background may vary.
      const before = soft.data[i] ?? 0;
      if (before <= 3) expect(value).toBe(0);
      else expect(value).toBe(whitened(before));
    });
  });

  it('is a speck in noise, and none elsewhere', () => {
    expect(row(255, 0, 0, 9, 0, 0, 40, 50, 0)).toEqual([255, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(row(255, 0, 0, 9, 0, 0, 40, 64, 0)).toEqual([255, 0, 0, 0, 0, 0, 40, 64, 0]);
    expect(row(255, 0, 9, 0, 40, 40, 40, 40, 40)).toEqual([255, 0, 0, 0, 40, 40, 40, 40, 40]);
    expect(row(255, 0, 0, 0, 0, 0, 40, 50, 0)).toEqual([255, 0, 0, 0, 0, 0, 40, 50, 0]);
  });

  it('is noise anywhere, up to a hard edge', () => {
    const noisy = ellipse((i) => Math.floor(29 * noise(i)) * Number(noise(i + 7) < 0.5));
    expect(cleaned(noisy)).toEqual(ellipse(() => 0));
  });
});

const whitened = (value: number) => (value > 223 ? 255 : value);

describe('soft edges', () => {
  it.each([2, 6, 20, 60])('of a mask feathered by %i pixels stay, down to 1', (radius) => {
    const mask = createMask({ width: 320, height: 260 });
    for (let y = 90; y < 170; y++) mask.data.fill(255, y * 320 + 100, y * 320 + 220);
    const soft = featherMask(mask, radius);
    expect(soft.data.filter((value) => value > 0 && value < FAINT).length).toBeGreaterThan(100);
    // Feathered by much, nothing is left that is white.
    const read = soft.data.includes(255) ? whitened : (value: number) => value;
    expect(Buffer.compare(cleaned(soft).data, soft.data.map(read))).toBe(0);
  });

  it('of a gradient across the whole picture stay', () => {
    const gradient = Array.from({ length: 512 }, (_, x) => x >> 1);
    expect(row(...gradient)).toEqual(gradient.map(whitened));
  });

  it('stay in noise of up to two levels, but for their last three', () => {
    const wide = createMask({ width: 300, height: 40 });
    wide.data.forEach((_, i) => {
      const x = i % 300;
      const level = Math.max(0, 255 - x);
      wide.data[i] = Math.min(255, level > 0 && level < 224 ? level + Math.floor(2.9 * noise(i)) : level);
    });
    const { data } = cleaned(wide);
    data.forEach((value, i) => {
      const before = wide.data[i] ?? 0;
      if (before > 5) expect(value, `column ${i % 300}`).toBe(whitened(before));
    });
  });
});

describe('white', () => {
  it('is what is nearly so and touches white through its like', () => {
    expect(row(255, 240, 224, 223, 240, 0)).toEqual([255, 255, 255, 223, 240, 0]);
    expect(row(0, 240, 240, 0)).toEqual([0, 240, 240, 0]);
  });
  it('is the whitest of a lossy format that does not reach it', () => {
    expect(row(0, 254, 240, 0)).toEqual([0, 255, 255, 0]);
    expect(row(0, 249, 240, 0)).toEqual([0, 249, 240, 0]);
  });
  it('touches corners and both edges of the mask', () => {
    expect([...cleaned(maskOf([255, 0, 0], [0, 230, 0], [0, 0, 230])).data]).toEqual([
      255, 0, 0, 0, 255, 0, 0, 0, 255,
    ]);
    // The end of a row is no neighbour of the beginning of the next.
    expect([...cleaned(maskOf([0, 0, 255], [230, 0, 0])).data]).toEqual([0, 0, 255, 230, 0, 0]);
  });
});

describe('of any mask', () => {
  const anyMask = fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
    .chain(([width, height]) =>
      fc.uint8Array({ minLength: width * height, maxLength: width * height }).map((data) => ({
        width,
        height,
        data: Uint8Array.from(data, (value) => (value % 3 ? value : value >> 3)),
      })),
    );

  it('each pixel stays, becomes black where it is faint or white where it is nearly so', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        cleaned(mask).data.forEach((value, i) => {
          const before = mask.data[i] ?? 0;
          if (value === before) return;
          // Specks of noise are below 64.
          expect(value).toBe(before < 64 ? 0 : 255);
          expect(before < 64 || before > 223).toBe(true);
        });
      }),
    );
  });

  it('cleaning twice changes nothing more', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const once = cleaned(mask);
        expect(cleaned(once)).toEqual(once);
      }),
      { numRuns: 500 },
    );
  });

  it('what is faint and kept is connected to a shape through what is painted', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const { data, width, height } = cleaned(mask);
        const reached = new Set<number>();
        const open = [...data.keys()].filter((i) => (data[i] ?? 0) >= 128);
        for (let i = open.pop(); i !== undefined; i = open.pop()) {
          if (reached.has(i)) continue;
          reached.add(i);
          const [x, y] = [i % width, Math.floor(i / width)];
          for (let dy = -1; dy <= 1; dy++) {
            for (let dx = -1; dx <= 1; dx++) {
              const inside = x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height;
              const next = i + dy * width + dx;
              if (inside && (data[next] ?? 0) > 0) open.push(next);
            }
          }
        }
        data.forEach((value, i) => {
          if (value > 0 && value < FAINT) expect(reached.has(i)).toBe(true);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('a turned or mirrored mask is read as the mask turned or mirrored', () => {
    const turned = ({ width, height, data }: Mask): Mask => ({
      width: height,
      height: width,
      data: Uint8Array.from(data, (_, i) => data[(i % height) * width + Math.floor(i / height)] ?? 0),
    });
    fc.assert(
      fc.property(anyMask, (mask) => {
        expect(cleaned(turned(mask))).toEqual(turned(cleaned(mask)));
      }),
    );
  });
});

it('takes time that grows with the picture', () => {
  const time = (side: number) => {
    const mask = createMask({ width: side, height: side });
    for (let i = 0; i < mask.data.length; i++) mask.data[i] = Math.floor(256 * noise(i));
    const began = performance.now();
    cleanMask(mask);
    return performance.now() - began;
  };
  time(256);
  // 16 times the pixels.
  expect(time(1024)).toBeLessThan(60 * Math.max(4, time(256)));
});
