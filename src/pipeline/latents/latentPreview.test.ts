import { describe, expect, it } from 'vitest';
import { TorchGenerator } from '../noise/random';
import { LatentColours } from './latentPreview';

const size = { width: 8, height: 8 };
const FACTOR = 2;
const plane = size.width * size.height;

/** A picture whose cells have the colours of a linear map of the latents, plus detail that averages out. */
function pictureOf(latents: Float32Array, map: readonly (readonly number[])[]): Float32Array {
  const width = size.width * FACTOR;
  const height = size.height * FACTOR;
  return Float32Array.from({ length: 3 * width * height }, (_, i) => {
    const colour = Math.floor(i / (width * height));
    const x = i % width;
    const y = Math.floor(i / width) % height;
    const cell = Math.floor(y / FACTOR) * size.width + Math.floor(x / FACTOR);
    const factors = map[colour] ?? [];
    const bias = factors[4] ?? 0;
    const value = [0, 1, 2, 3].reduce(
      (sum, c) => sum + (factors[c] ?? 0) * (latents[c * plane + cell] ?? 0),
      bias,
    );
    return value + ((x + y) % 2 ? 0.05 : -0.05);
  });
}

describe('LatentColours', () => {
  it('finds the linear map from latents to colours', () => {
    const map = [
      [0.2, 0.1, 0, -0.1, 0.1],
      [0, 0.15, -0.1, 0.05, -0.2],
      [-0.1, 0, 0.2, 0.1, 0],
    ];
    const latents = new TorchGenerator(0).randn(4 * plane);
    const colours = new LatentColours(4);
    // Many pictures, so that the ridge weighs little.
    for (let seed = 1; seed <= 20; seed++) {
      const learnt = new TorchGenerator(seed).randn(4 * plane);
      colours.learn(learnt, size, pictureOf(learnt, map), FACTOR);
    }
    const { data } = colours.preview(latents, size);
    for (let cell = 0; cell < plane; cell++) {
      map.forEach((factors, colour) => {
        const value = [0, 1, 2, 3].reduce(
          (sum, c) => sum + (factors[c] ?? 0) * (latents[c * plane + cell] ?? 0),
          factors[4] ?? 0,
        );
        const expected = Math.min(Math.max((value * 0.5 + 0.5) * 255, 0), 255);
        expect(Math.abs((data[cell * 4 + colour] ?? 0) - expected)).toBeLessThan(2);
      });
      expect(data[cell * 4 + 3]).toBe(255);
    }
  });

  it('shows mid-grey before it has learnt anything', () => {
    const { data } = new LatentColours(4).preview(new TorchGenerator(0).randn(4 * plane), size);
    expect([...data.slice(0, 4)]).toEqual([128, 128, 128, 255]);
  });

  it('keeps to the one colour of a picture of one colour', () => {
    const colours = new LatentColours(4);
    const latents = new Float32Array(4 * plane).fill(0.7);
    colours.learn(latents, size, new Float32Array(3 * plane * FACTOR ** 2).fill(0.5), FACTOR);
    // Within 1 of (0.5 · 0.5 + 0.5) · 255 = 191.25, the ridge's pull towards grey being 1 in 64 · (4 · 0.49 + 1).
    expect(Math.abs((colours.preview(latents, size).data[0] ?? 0) - 191.25)).toBeLessThan(1);
  });
});
