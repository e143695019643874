import { expect, it } from 'vitest';
import { invertMask } from '../../image/mask/mask';
import { createMask } from '../../image/raster';
import { fillShape, shapeRuns } from '../kernels/shape';
import { paintSegment, segmentBounds } from '../kernels/stroke';
import { MaskHistory } from './history';
import { finish } from './slicedWork';

/** Comparing 51,000 bytes a hundred times over, which expect().toEqual does too slowly. */
const same = (a: Uint8Array, b: Uint8Array | undefined) => b !== undefined && Buffer.compare(a, b) === 0;

function random(seed: number) {
  return (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % below;
  };
}

it('100 random steps undone give the first mask back, and redone the last', () => {
  const mask = createMask({ width: 300, height: 170 });
  const history = new MaskHistory(mask);
  const next = random(5);
  const states = [mask.data.slice()];
  while (states.length <= 100) {
    if (next(10) === 0) {
      history.touch({ x: 0, y: 0, width: 300, height: 170 });
      invertMask(mask);
    } else {
      const segment = {
        from: { x: next(320) - 10, y: next(190) - 10 },
        to: { x: next(320) - 10, y: next(190) - 10 },
        radius: 1 + next(20),
      };
      history.touch(segmentBounds(segment, mask));
      paintSegment(mask, segment, next(2) === 0 ? 0 : 255);
    }
    if (history.commit()) states.push(mask.data.slice());
  }
  for (let i = 99; i >= 0; i--) {
    expect(finish(history.undo())).toBeDefined();
    expect(same(mask.data, states[i])).toBe(true);
  }
  expect(history.canUndo).toBe(false);
  expect(finish(history.undo())).toBeUndefined();
  while (history.canRedo) finish(history.redo());
  expect(same(mask.data, states[100])).toBe(true);
});

it('forgets the oldest steps beyond its memory, and redo after a new step', () => {
  const mask = createMask({ width: 64, height: 64 });
  const next = random(8);
  const scribble = () => {
    for (let i = 0; i < mask.data.length; i++) mask.data[i] = next(251);
  };
  scribble();
  // A tile of noise is 4 KiB + 64 bytes: three fit into 13,000 bytes.
  const history = new MaskHistory(mask, { maxBytes: 13_000 });
  const whole = { x: 0, y: 0, width: 64, height: 64 };
  for (let i = 0; i < 10; i++) {
    history.touch(whole);
    scribble();
    expect(history.commit()).toBe(true);
    expect(history.bytes).toBe(Math.min(i + 1, 3) * 4160);
  }
  let undone = 0;
  while (finish(history.undo())) {
    undone += 1;
    expect(history.bytes).toBe(3 * 4160);
  }
  expect(undone).toBe(3);
  history.touch(whole);
  mask.data.fill(255);
  history.commit();
  expect(history.canRedo).toBe(false);
  expect(history.bytes).toBe(4160);
});

it('costs little for what is painted: runs for edges, one number for flat tiles, nothing for inverting', () => {
  const mask = createMask({ width: 640, height: 640 });
  const history = new MaskHistory(mask);
  history.touch({ x: 0, y: 0, width: 640, height: 640 }, 255);
  mask.data.fill(255, 0, 640 * 320);
  history.commit();
  // 100 flat tiles of 64 × 64, half of which changed.
  expect(history.bytes).toBe(50 * 64);
  const segment = { from: { x: 320, y: 320 }, to: { x: 320, y: 320 }, radius: 300 };
  history.touch(segmentBounds(segment, mask));
  paintSegment(mask, segment, 255);
  history.commit();
  history.touch(segmentBounds(segment, mask), 0);
  paintSegment(mask, segment, 0);
  history.commit();
  // A disc of radius 300 is at home in 90,000 pixels and more; its edge crosses some 40 tiles.
  expect(history.bytes).toBeLessThan(30_000);
  const before = history.bytes;
  finish(history.invert());
  expect(history.bytes).toBe(before + 64);
});

it('fill, invert and write are steps; the bounds of the paint follow', () => {
  const mask = createMask({ width: 150, height: 100 });
  const history = new MaskHistory(mask);
  const first = mask.data.slice();
  expect(finish(history.fill(0))).toBe(false);
  const patch = createMask({ width: 70, height: 90 });
  patch.data.fill(200, 70 * 10, 70 * 20);
  const areas = [...history.write(patch, { x: 60, y: 5 })];
  // Rows of tiles end at 64 and 100; the patch ends at 95.
  expect(areas).toEqual([
    { x: 60, y: 5, width: 70, height: 59 },
    { x: 60, y: 64, width: 70, height: 31 },
  ]);
  expect(history.commit()).toBe(true);
  expect(history.paintBounds).toEqual({ x: 60, y: 15, width: 70, height: 10 });
  finish(history.invert());
  expect(mask.data[15 * 150 + 60]).toBe(55);
  expect(history.paintBounds).toEqual({ x: 0, y: 0, width: 150, height: 100 });
  expect(finish(history.fill(0))).toBe(true);
  expect(history.paintBounds.width).toBe(0);
  finish(history.undo());
  finish(history.undo());
  expect(history.paintBounds).toEqual({ x: 60, y: 15, width: 70, height: 10 });
  finish(history.undo());
  expect(same(mask.data, first)).toBe(true);
  expect(history.canUndo).toBe(false);
  finish(history.redo());
  finish(history.redo());
  expect(mask.data[15 * 150 + 60]).toBe(55);
});

it('a step that changes nothing is none, and an abandoned one leaves no trace', () => {
  const mask = createMask({ width: 100, height: 100 });
  const history = new MaskHistory(mask);
  history.touch({ x: 0, y: 0, width: 100, height: 100 });
  expect(history.commit()).toBe(false);
  history.touch({ x: 50, y: 50, width: 10, height: 10 });
  mask.data.fill(255, 50 * 100 + 50, 50 * 100 + 60);
  expect(history.abandon()).toEqual({ x: 0, y: 0, width: 64, height: 64 });
  expect(mask.data.every((v) => v === 0)).toBe(true);
  expect(history.canUndo).toBe(false);
});

it('shapes: tiles that they cover whole are known, the others are looked at; all comes in parts', () => {
  // Not a multiple of 4 either: rows that begin between words.
  for (const [width, height] of [
    [300, 170],
    [301, 171],
  ] as const) {
    const mask = createMask({ width, height });
    const history = new MaskHistory(mask, { tileSize: 32 });
    const next = random(3);
    const shown = () => {
      const index = new MaskHistory({ width, height, data: mask.data }, { tileSize: 32 });
      return index.paintBounds;
    };
    const states = [mask.data.slice()];
    for (let i = 0; i < 40; i++) {
      const point = () => ({ x: next(width + 40) - 20, y: next(height + 40) - 20 });
      const [from, to, third] = [point(), point(), point()];
      const shape =
        i % 3 === 0
          ? ({ kind: 'outline', points: [from, to, third] } as const)
          : ({ kind: i % 3 === 1 ? 'rectangle' : 'ellipse', from, to } as const);
      const value = next(3) === 0 ? 0 : 255;
      const predicted = { width, height, data: mask.data.slice() };
      const isReplaced = next(4) === 0;
      if (isReplaced) predicted.data.fill(0);
      fillShape(predicted, shape, value);
      if (isReplaced) finish(history.flood(0));
      finish(history.paint(shapeRuns(shape, mask), value));
      const changes = !same(predicted.data, states.at(-1));
      expect(history.commit()).toBe(changes);
      expect(same(mask.data, predicted.data)).toBe(true);
      expect(history.paintBounds).toEqual(shown());
      if (changes) states.push(mask.data.slice());
    }
    expect(states.length).toBeGreaterThan(25);
    for (const state of states.toReversed().slice(1)) {
      finish(history.undo());
      expect(same(mask.data, state)).toBe(true);
      expect(history.paintBounds).toEqual(shown());
    }
    expect(history.canUndo).toBe(false);
  }
});
