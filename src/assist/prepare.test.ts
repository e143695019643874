import { expect, it } from 'vitest';
import { createPixels } from '../image/raster';
import { encodedSize, promptIn, samPoints, samTensor } from './prepare';

it('scales the longer side and rounds both', () => {
  expect(encodedSize({ width: 4000, height: 3001 }, 1024)).toEqual({ width: 1024, height: 768 });
  expect(encodedSize({ width: 100, height: 333 }, 1024)).toEqual({ width: 308, height: 1024 });
  expect(encodedSize({ width: 5000, height: 1 }, 1024)).toEqual({ width: 1024, height: 1 });
});

it('normalises first and pads with zeros afterwards', () => {
  const pixels = createPixels({ width: 2, height: 1 });
  pixels.data.set([0, 0, 0, 255, 255, 0, 128, 255]);
  const tensor = samTensor(pixels, 4);
  expect(tensor).toHaveLength(3 * 16);
  // (0 − 123.675) / 58.395, (255 − 123.675) / 58.395, then padding
  expect([...tensor.subarray(0, 4)].map((value) => value.toFixed(4))).toEqual([
    ...['-2.1179', '2.2489'],
    ...['0.0000', '0.0000'],
  ]);
  expect(tensor.subarray(4, 16).every((value) => value === 0)).toBe(true);
  // Blue of the second pixel: (128 − 103.53) / 57.375
  expect(tensor[32 + 1]).toBeCloseTo(0.4265, 4);
});

it('labels points, and ends them with padding or the corners of a box', () => {
  const points = [
    { x: 10, y: 20, include: true },
    { x: 30, y: 40, include: false },
  ];
  const clicks = samPoints({ points });
  expect([...clicks.coords]).toEqual([10, 20, 30, 40, 0, 0]);
  expect([...clicks.labels]).toEqual([1, 0, -1]);
  const boxed = samPoints({ points: [], box: { x: 5, y: 6, width: 10, height: 20 } });
  expect([...boxed.coords]).toEqual([5, 6, 15, 26]);
  expect([...boxed.labels]).toEqual([2, 3]);
});

it('maps places of the image to the part that was encoded', () => {
  const frame = { x: 1000, y: 500, width: 2048, height: 1024 };
  const mapped = promptIn(
    frame,
    { width: 1024, height: 512 },
    { points: [{ x: 1100, y: 700, include: true }], box: { x: 1000, y: 500, width: 200, height: 100 } },
  );
  expect(mapped.points).toEqual([{ x: 50, y: 100, include: true }]);
  expect(mapped.box).toEqual({ x: 0, y: 0, width: 100, height: 50 });
});
