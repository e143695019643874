import { expect, it } from 'vitest';
import { clarified } from './clarity';
import type { Matte } from './matte';

const SIDE = 64;

/** Covers the middle, with these colours by column. */
function middle(colourAt: (x: number) => number): Matte {
  const cover = new Float32Array(SIDE * SIDE);
  const colours = new Float32Array(3 * SIDE * SIDE);
  for (let i = 0; i < cover.length; i++) {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    const isThing = x >= 8 && x < 56 && y >= 8 && y < 56;
    cover[i] = isThing ? 1 : 0;
    // Beyond the outline are colours that must not count.
    colours.fill(isThing ? colourAt(x) : 255, 3 * i, 3 * i + 3);
  }
  return { width: SIDE, height: SIDE, cover, colours };
}
const across = ({ colours }: Matte, x: number) => colours[3 * (32 * SIDE + x)] ?? 0;

it('plain colours gain contrast about grey, up to the outline', () => {
  const clear = clarified(middle(() => 168));
  // 128 + 1.15 · 40
  for (const x of [8, 9, 32, 55]) expect(across(clear, x)).toBeCloseTo(174, 3);
  expect(clear.cover).toEqual(middle(() => 168).cover);
});

it('a soft step gets steeper, and values stay colours', () => {
  const soft = middle((x) => 60 + 100 / (1 + Math.exp((32 - x) / 3)));
  const clear = clarified(soft);
  const step = (matte: Matte) => across(matte, 34) - across(matte, 30);
  expect(step(clear)).toBeGreaterThan(1.3 * step(soft));
  const extreme = clarified(middle((x) => (x < 32 ? 0 : 255)));
  for (const value of extreme.colours) expect(value >= 0 && value <= 255).toBe(true);
});
