import { expect, it } from 'vitest';
import { featherWeights } from './featheredPaste';
import { arrayImage, pasteResult } from './prepareAndPaste';
import { createMask, createPixels } from './raster';

it('pasting changes nothing outside the mask, and everything deep inside', () => {
  const picture = createPixels({ width: 40, height: 30 });
  picture.data.forEach((_, i) => {
    picture.data[i] = (i * 37) % 251;
  });
  const mask = createMask(picture);
  for (let y = 8; y < 22; y++) mask.data.fill(255, y * 40 + 10, y * 40 + 30);
  const frame = { x: 6, y: 4, width: 28, height: 22 };
  const patch = createPixels(frame);
  patch.data.fill(254);
  const before = picture.data.slice();
  const plan = { frame, size: frame };
  const weights = featherWeights(mask, frame, 3);
  const result = { ...picture, data: before.slice() };
  pasteResult(arrayImage(result), patch, { plan, weights, matches: false });
  for (let i = 0; i < mask.data.length; i++) {
    const was = [...before.subarray(i * 4, i * 4 + 4)];
    const is = [...result.data.subarray(i * 4, i * 4 + 4)];
    if (mask.data[i] === 0) expect(is).toEqual(was);
    else expect(is).not.toEqual(was);
  }
  const middle = (15 * 40 + 20) * 4;
  expect([...result.data.subarray(middle, middle + 4)]).toEqual([254, 254, 254, 254]);
  // Matched, it is another picture inside and the same outside.
  const opaque = { ...picture, data: picture.data.map((value, i) => (i % 4 === 3 ? 255 : value)) };
  patch.data.forEach((_, i) => {
    patch.data[i] = i % 4 === 3 ? 255 : 150;
  });
  const matched = { ...opaque, data: opaque.data.slice() };
  pasteResult(arrayImage(matched), patch, { plan, weights, matches: true });
  expect(matched.data[middle]).not.toBe(150);
  for (let i = 0; i < mask.data.length; i++) {
    if (mask.data[i] !== 0) continue;
    expect([...matched.data.subarray(i * 4, i * 4 + 4)]).toEqual([...opaque.data.subarray(i * 4, i * 4 + 4)]);
  }
});
