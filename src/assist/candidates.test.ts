import { describe, expect, it } from 'vitest';
import { correctedMask, meantMask } from './candidates';
import type { Logits, SegmenterPrompt } from './segmenter';

/** A grid of 8 × 8 whose first `rows` rows are inside. */
const rows = (count: number): Logits => ({
  ...{ width: 8, height: 8, across: 8, down: 8 },
  data: Float32Array.from({ length: 64 }, (_, at) => (at < count * 8 ? 4 : -4)),
});
const press: SegmenterPrompt = { points: [{ x: 1, y: 1, include: true }] };
const [part, thing, whole] = [rows(1), rows(4), rows(8)];
const plainly = (count: number) => ({ logits: rows(count), score: 0.5 });
const scored = (a: number, b: number, c: number) => [
  { logits: whole, score: c },
  { logits: part, score: a },
  { logits: thing, score: b },
];

describe('the mask that is meant', () => {
  it('is the one with the best score', () => {
    expect(meantMask({ masks: scored(0.8, 0.9, 0.7) }, press)).toBe(thing);
    expect(meantMask({ masks: scored(0.95, 0.9, 0.7) }, press)).toBe(part);
  });

  it('is the one that the plain mask agrees with where scores say little, and only there', () => {
    const nearly = scored(0.95, 0.9, 0.7);
    expect(meantMask({ masks: nearly, plain: plainly(4) }, press)).toBe(thing);
    expect(meantMask({ masks: scored(0.95, 0.7, 0.6), plain: plainly(4) }, press)).toBe(part);
  });

  it('is the plain one for several points, for a box, and where there is no other', () => {
    const plain = plainly(5);
    const answer = { masks: scored(0.95, 0.9, 0.7), plain };
    const two = { points: [...press.points, { x: 7, y: 7, include: false }] };
    expect(meantMask(answer, two)).toBe(plain.logits);
    expect(meantMask(answer, { points: [], box: { x: 0, y: 0, width: 8, height: 8 } })).toBe(plain.logits);
    expect(meantMask({ masks: [], plain }, press)).toBe(plain.logits);
    expect(meantMask({ masks: answer.masks }, two)).toBe(part);
  });

  it('becomes the next larger one with each further press, then begins with the smallest', () => {
    const answer = { masks: scored(0.8, 0.9, 0.7) };
    expect([0, 1, 2, 3, 4].map((again) => meantMask(answer, press, again))).toEqual([
      ...[thing, whole, part, thing, whole],
    ]);
  });

  it('is no second time what looks the same, nor nothing at all', () => {
    const same = { logits: rows(4), score: 0.85 };
    const nothing = { logits: rows(0), score: 0.8 };
    const answer = { masks: [{ logits: thing, score: 0.9 }, same, nothing, { logits: whole, score: 0.1 }] };
    expect([1, 2].map((again) => meantMask(answer, press, again))).toEqual([whole, thing]);
  });
});

describe('the mask of a correction', () => {
  const encoded = { width: 80, height: 80 };
  const points = [
    { x: 5, y: 5, include: true },
    { x: 5, y: 75, include: false },
  ];

  it('stays near the one before, by score where that says nothing', () => {
    const answer = { masks: scored(0.9, 0.8, 0.99), plain: { logits: rows(3), score: 0.75 } };
    expect(correctedMask(answer, { points }, { earlier: rows(4), encoded })).toBe(thing);
    expect(correctedMask(answer, { points }, { earlier: rows(0), encoded })).toBe(part);
    expect(correctedMask(answer, { points }, { earlier: rows(3), encoded })).toBe(answer.plain.logits);
  });

  it('is none that leaves a point on the wrong side', () => {
    const answer = { masks: [{ logits: whole, score: 0.99 }], plain: { logits: rows(0), score: 0.9 } };
    expect(correctedMask(answer, { points }, { earlier: whole, encoded })).toBeUndefined();
    expect(correctedMask(answer, { points: points.slice(0, 1) }, { earlier: thing, encoded })).toBe(whole);
  });
});
