import { expect, it } from 'vitest';
import { MaskHistory } from './history';
import { invertMask } from './kernels/mask';
import { createMask } from './kernels/raster';
import { paintSegment, segmentBounds } from './kernels/stroke';

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
    expect(history.undo()).toBeDefined();
    expect(same(mask.data, states[i])).toBe(true);
  }
  expect(history.canUndo).toBe(false);
  expect(history.undo()).toBeUndefined();
  while (history.canRedo) history.redo();
  expect(same(mask.data, states[100])).toBe(true);
});

it('forgets the oldest steps beyond its memory, and redo after a new step', () => {
  const mask = createMask({ width: 64, height: 64 });
  // Tiles of 4 KiB + 64 bytes once they are mixed: three fit into 13,000 bytes.
  const history = new MaskHistory(mask, { maxBytes: 13_000 });
  for (let i = 0; i < 10; i++) {
    history.touch({ x: i, y: 0, width: 1, height: 1 });
    mask.data[i] = 255;
    expect(history.commit()).toBe(true);
    expect(history.bytes).toBeLessThanOrEqual(13_000);
  }
  let undone = 0;
  while (history.undo()) undone += 1;
  expect(undone).toBe(3);
  history.touch({ x: 0, y: 0, width: 64, height: 64 });
  mask.data.fill(255);
  history.commit();
  expect(history.canRedo).toBe(false);
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
