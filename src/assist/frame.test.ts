import { expect, it } from 'vitest';
import { frameFor, serves } from './frame';

const image = { width: 6000, height: 4000 };
const whole = { x: 0, y: 0, ...image };

it('takes the whole image while all or most of it is in sight', () => {
  expect(frameFor(image, { x: -500, y: -500, width: 7000, height: 5000 }, 1024)).toEqual(whole);
  expect(frameFor(image, { x: 1000, y: 1000, width: 3000, height: 2000 }, 1024)).toEqual(whole);
  // A small image has no more detail to show.
  const small = { width: 900, height: 600 };
  expect(frameFor(small, { x: 100, y: 100, width: 50, height: 50 }, 1024)).toEqual({ x: 0, y: 0, ...small });
});

it('takes the surroundings of what is in sight far in, inside the image', () => {
  // 1,000 × 1.5 around the middle (3500, 1250)
  expect(frameFor(image, { x: 3000, y: 1000, width: 1000, height: 500 }, 1024)).toEqual({
    ...{ x: 2750, y: 500, width: 1500, height: 1500 },
  });
  // Never fewer pixels than the model takes; pushed in at the corner.
  expect(frameFor(image, { x: 5990, y: 3990, width: 100, height: 100 }, 1024)).toEqual({
    ...{ x: 4976, y: 2976, width: 1024, height: 1024 },
  });
});

it('keeps a part while the view moves within it, and not when the view leaves it or comes much closer', () => {
  const frame = frameFor(image, { x: 3000, y: 1000, width: 1000, height: 500 }, 1024);
  expect(serves(frame, image, { x: 3200, y: 1100, width: 1000, height: 500 }, 1024)).toBe(true);
  expect(serves(frame, image, { x: 3500, y: 1100, width: 1000, height: 500 }, 1024)).toBe(false);
  expect(serves(whole, image, { x: 3000, y: 1000, width: 1000, height: 500 }, 1024)).toBe(false);
  expect(serves(whole, image, whole, 1024)).toBe(true);
  expect(serves(frame, image, whole, 1024)).toBe(false);
});
