import { describe, expect, it } from 'vitest';
import { maskBounds } from '../mask/mask';
import { createMask, type Mask } from '../raster';
import type { Matte, Placement } from './matte';
import { matteBounds, type Pose, placeMatte } from './place';

/** A matte of 64 × 64 that covers these pixels, and faintly all else. */
function matteOf(isThing: (x: number, y: number) => boolean): Matte {
  const cover = Float32Array.from({ length: 64 * 64 }, (_, i) =>
    isThing(i % 64, Math.floor(i / 64)) ? 1 : 0.1,
  );
  return { width: 64, height: 64, cover, colours: new Float32Array(3 * 64 * 64) };
}

/** 32 × 16, its centre at (32, 32); and one with a foot to the right. */
const box = matteOf((x, y) => x >= 16 && x < 48 && y >= 24 && y < 40);
const boot = matteOf((x, y) => x >= 16 && x < 48 && y >= 16 && y < 48 && (x < 28 || y >= 36));

const [WIDTH, HEIGHT] = [200, 120];
function holeOf(isHole: (x: number, y: number) => boolean): Mask {
  const hole = createMask({ width: WIDTH, height: HEIGHT });
  for (let i = 0; i < hole.data.length; i++)
    if (isHole((i % WIDTH) + 0.5, Math.floor(i / WIDTH) + 0.5)) hole.data[i] = 255;
  return hole;
}

const plain: Pose = { size: 1, lean: 0, isMirrored: false, along: 0.5 };

/** The image's pixels that the thing covers, and how many of the matte's pixels each stands for, from one side to the other. */
function laid(matte: Matte, place: Placement | null, hole: Mask) {
  if (place === null) throw new Error('nothing is laid');
  const seen = createMask({ width: 3 * WIDTH, height: 3 * HEIGHT });
  const count = { thing: 0, inside: 0 };
  for (let i = 0; i < seen.data.length; i++) {
    // A frame around the image shows what is cut off by its edge.
    const [x, y] = [(i % seen.width) - WIDTH, Math.floor(i / seen.width) - HEIGHT];
    const [column, row] = place(x, y).map(Math.round) as [number, number];
    const isOn = column >= 0 && row >= 0 && column < 64 && row < 64;
    if (!isOn || (matte.cover[row * 64 + column] ?? 0) < 0.5) continue;
    seen.data[i] = 255;
    count.thing++;
    const isIn = x >= 0 && y >= 0 && x < WIDTH && y < HEIGHT;
    if (isIn && hole.data[y * WIDTH + x] !== 0) count.inside++;
  }
  const bounds = maskBounds(seen);
  return { ...bounds, x: bounds.x - WIDTH, y: bounds.y - HEIGHT, part: count.inside / count.thing };
}

it('the thing’s bounds leave out what covers next to nothing', () => {
  expect(matteBounds(box)).toEqual({ x: 16, y: 24, width: 32, height: 16 });
  expect(matteBounds(matteOf(() => false)).width).toBe(0);
});

it('in a hole of its own shape it fills nine tenths, in the middle', () => {
  const hole = holeOf((x, y) => x > 20 && x < 120 && y > 30 && y < 80);
  const { x, y, width, height, part } = laid(box, placeMatte(box, hole, plain), hole);
  expect(part).toBe(1);
  expect(Math.abs(width - 90)).toBeLessThanOrEqual(2);
  expect(Math.abs(height - 45)).toBeLessThanOrEqual(2);
  expect(Math.abs(x + width / 2 - 70)).toBeLessThanOrEqual(1);
  expect(Math.abs(y + height / 2 - 55)).toBeLessThanOrEqual(1);
});

describe('next to nothing of it is cut off, and it stays as large as the hole allows', () => {
  const corner = (x: number, y: number) =>
    (x > 10 && x < 60 && y < 110 && y > 10) || (y > 70 && y < 110 && x > 10 && x < 180);
  it.each([
    ['a circle', holeOf((x, y) => Math.hypot(x - 100, y - 60) < 50), 60],
    ['a wide stroke', holeOf((x, y) => x > 10 && x < 190 && Math.abs(y - 60) < 15), 40],
    ['a tall stroke', holeOf((x, y) => y > 5 && y < 115 && Math.abs(x - 60) < 15), 22],
    ['a corner', holeOf(corner), 60],
    ['the image’s edge', holeOf((x, y) => Math.hypot(x - 195, y - 60) < 50), 30],
    ['two holes', holeOf((x, y) => Math.hypot(x - 40, y - 60) < 30 || Math.hypot(x - 170, y - 60) < 20), 36],
    ['a tiny hole', holeOf((x, y) => Math.hypot(x - 40, y - 60) < 5), 5],
  ])('%s', (_name, hole, least) => {
    for (const seed of [0, 1, 2, 3]) {
      const pose = { ...plain, isMirrored: seed % 2 === 1, lean: 0.1 * (seed - 1), along: seed / 3 };
      const { part, width } = laid(box, placeMatte(box, hole, pose), hole);
      expect(part).toBeGreaterThan(0.96);
      expect(width).toBeGreaterThan(least);
    }
  });
});

it('a pose mirrors, leans, shrinks, and moves where there is room', () => {
  const hole = holeOf((x, y) => x > 10 && x < 190 && Math.abs(y - 60) < 25);
  const at = (pose: Partial<Pose>) => laid(box, placeMatte(box, hole, { ...plain, ...pose }), hole);
  expect(at({ along: 0 }).x).toBeLessThan(30);
  expect(at({ along: 1 }).x).toBeGreaterThan(80);
  expect(at({ size: 0.5 }).width / at({}).width).toBeCloseTo(0.5, 1);
  const straight = at({});
  const leaning = at({ lean: 0.2 });
  expect(leaning.height / leaning.width).toBeGreaterThan(straight.height / straight.width + 0.1);
  // The boot's foot is on the right, and mirrored on the left: below its middle row there is more of it on that side.
  const round = holeOf((x, y) => Math.hypot(x - 100, y - 60) < 55);
  const foot = (isMirrored: boolean) => {
    const place = placeMatte(boot, round, { ...plain, isMirrored });
    if (place === null) throw new Error('nothing is laid');
    const covered = (x: number) => {
      const [column, row] = place(x, 40).map(Math.round) as [number, number];
      return (boot.cover[row * 64 + column] ?? 0) > 0.5;
    };
    return [covered(82), covered(118)];
  };
  expect(foot(false)).toEqual([true, false]);
  expect(foot(true)).toEqual([false, true]);
});

it('nothing is laid without a thing or without a hole', () => {
  expect(
    placeMatte(
      matteOf(() => false),
      holeOf(() => true),
      plain,
    ),
  ).toBeNull();
  expect(
    placeMatte(
      box,
      holeOf(() => false),
      plain,
    ),
  ).toBeNull();
});
