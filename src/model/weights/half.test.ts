import { describe, expect, it } from 'vitest';
import { bfloat16ToFloat32, float32ToHalf, halfToFloat32 } from './half';

describe('half precision', () => {
  it('decodes the values that IEEE 754 gives', () => {
    // 1, -2, 65504 (largest), 2^-14 (smallest normal), 2^-24 (smallest subnormal), infinity
    const half = new Uint16Array([0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x7c00]);
    expect([...halfToFloat32(half)]).toEqual([1, -2, 65504, 2 ** -14, 2 ** -24, Number.POSITIVE_INFINITY]);
  });

  it('gives every half back after a round trip', () => {
    const every = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const back = float32ToHalf(halfToFloat32(every));
    const changed = [...every].filter((half, i) => {
      const isNotANumber = (half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0;
      return !isNotANumber && back[i] !== half;
    });
    expect(changed).toEqual([]);
  });

  it('rounds to nearest, ties to even', () => {
    const ulp = 2 ** -10;
    const values = [
      1 + ulp / 2,
      1 + 1.5 * ulp,
      1 + 0.51 * ulp,
      65519.996,
      65520,
      2 ** -25,
      1.5 * 2 ** -24,
      2 ** -25 * 1.01,
    ];
    const rounded = [1, 1 + 2 * ulp, 1 + ulp, 65504, Number.POSITIVE_INFINITY, 0, 2 * 2 ** -24, 2 ** -24];
    expect([...halfToFloat32(float32ToHalf(Float32Array.from(values)))]).toEqual(rounded);
    expect(halfToFloat32(float32ToHalf(Float32Array.of(Number.NaN)))[0]).toBeNaN();
  });

  it('rounds right on both sides of every point between two halves, and on it', () => {
    // Up to 65504, whose neighbour would be 65536: from 65520 on it is infinity.
    const halves = Uint16Array.from({ length: 0x7c00 }, (_, i) => i);
    const values = halfToFloat32(halves);
    const middles = values.map((value, i) => (value + (values[i + 1] ?? 65536)) / 2);
    const bits = new Int32Array(middles.buffer);
    const at = (step: number, sign: number) =>
      float32ToHalf(new Float32Array(bits.map((middle) => (middle + step) | sign).buffer));
    for (const [sign, halfSign] of [
      [0, 0],
      [1 << 31, 0x8000],
    ] as const) {
      const firstWrong = (step: number, right: (half: number) => number) =>
        at(step, sign).findIndex((half, i) => half !== (right(i) | halfSign));
      expect(firstWrong(-1, (half) => half)).toBe(-1);
      expect(firstWrong(1, (half) => half + 1)).toBe(-1);
      expect(firstWrong(0, (half) => half + (half % 2))).toBe(-1);
    }
  });

  it('decodes bfloat16', () => {
    expect([...bfloat16ToFloat32(new Uint16Array([0x3f80, 0xc040]))]).toEqual([1, -3]);
  });
});
