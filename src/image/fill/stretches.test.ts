import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMask, createPixels } from '../raster';
import { fillHole } from './fillHole';
import { byCount, byRows } from './stretches';

/** What each stretch was given to do, in pixels, in order; a pause is a 0. */
const given = vi.hoisted(() => ({ log: [] as number[] }));

vi.mock('./stretches', async (original) => {
  const real = await original<typeof import('./stretches')>();
  return {
    ...real,
    byRows: (size: { width: number; height: number }, work: (first: number, end: number) => void) =>
      real.byRows(size, (first, end) => {
        given.log.push((end - first) * size.width);
        work(first, end);
      }),
    byCount: (count: number, work: (first: number, end: number) => void, most?: number) =>
      real.byCount(
        count,
        (first, end) => {
          given.log.push(end - first);
          work(first, end);
        },
        most,
      ),
  };
});

afterEach(() => vi.restoreAllMocks());

describe('stretches', () => {
  it('hands out everything once, in order, never more than allowed', () => {
    const seen: number[] = [];
    const shares = [...byCount(10, (first, end) => seen.push(first, end), 4)];
    expect(seen).toEqual([0, 4, 4, 8, 8, 10]);
    expect(shares).toEqual([0.4, 0.8, 1]);
    const rows: number[] = [];
    for (const _ of byRows({ width: 100_000, height: 3 }, (first, end) => rows.push(first, end)));
    expect(rows).toEqual([0, 1, 1, 2, 2, 3]);
  });

  it('are all that is done between two pauses of a large fill', async () => {
    // 1,400 × 1,000 pixels, a hole of 500 × 400: its region is the whole image.
    const size = { width: 1400, height: 1000 };
    const image = createPixels(size);
    for (let i = 0; i < size.width * size.height; i++) {
      image.data.set([(i * 7) % 251, (i % size.width) % 200, (i >> 9) % 255, 255], 4 * i);
    }
    const hole = createMask(size);
    for (let y = 300; y < 700; y++) hole.data.fill(255, y * size.width + 450, y * size.width + 950);
    given.log.length = 0;
    let now = 0;
    // Each look at the clock finds that much has passed: a pause after each stretch.
    vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 1000;
      return now;
    });
    await fillHole(image, hole, {
      seed: 1,
      async pause() {
        given.log.push(0);
      },
    });
    const between: number[] = [0];
    for (const pixels of given.log) {
      if (pixels === 0) between.push(0);
      else between[between.length - 1] = (between.at(-1) ?? 0) + pixels;
    }
    expect(Math.max(...between)).toBeLessThanOrEqual(1 << 17);
    // All of the image's pixels go through several plain loops, and the hole's through many.
    expect(given.log.reduce((sum, pixels) => sum + pixels)).toBeGreaterThan(12 * size.width * size.height);
  }, 120_000);
});
