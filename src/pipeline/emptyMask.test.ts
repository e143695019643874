import { describe, expect, it } from 'vitest';
import { parseLocalOptions, parseRequest } from '../contract/engine';
import type { Pixels } from '../image/raster';
import { runRequest } from './runRequest';

/** 64 × 64 pixels, the first of another colour than the rest. */
function picture(first: readonly number[], rest: readonly number[]): Pixels {
  const data = new Uint8ClampedArray(64 * 64 * 4);
  for (let i = 0; i < data.length; i += 4) data.set(i === 0 ? first : rest, i);
  return { width: 64, height: 64, data };
}

const black = [0, 0, 0, 255];
const opened = 'the model was opened';
const run = (mask: Pixels) =>
  runRequest(
    parseRequest({ model_name: 'm', prompt: '', image_url: 'data:,', mask_url: 'data:,' }),
    parseLocalOptions({}),
    { image: picture(black, black), mask },
    () => Promise.reject(new Error(opened)),
    { signal: new AbortController().signal, onProgress() {} },
  );

describe('a mask that paints nothing is refused before the model is opened', () => {
  it.each([
    ['black', picture(black, black), 'it is all black'],
    ['of 1', picture([1, 1, 1, 255], black), 'its whitest value is 1 of 255'],
    ['of 127', picture([127, 127, 127, 255], black), 'its whitest value is 127 of 255'],
    // (255 × 19595 + 32768) >> 16
    ['red', picture([255, 0, 0, 255], black), 'it is in colour, whose luminance is 76 of 255 at most'],
    [
      'transparent',
      picture([255, 255, 255, 0], [0, 0, 0, 0]),
      'it is fully transparent, which is read as black',
    ],
    ['black on nothing', picture(black, [0, 0, 0, 0]), 'its strokes are black, on transparency'],
    // 255 × 120 / 255, over black
    ['half transparent', picture([255, 255, 255, 120], [0, 0, 0, 0]), 'its whitest value is 120 of 255'],
  ])('%s', async (_name, mask, reason) => {
    await expect(run(mask)).rejects.toMatchObject({
      name: 'InputError',
      field: 'mask_url',
      message: expect.stringContaining(`mask_url: the mask paints nothing: ${reason}`),
    });
  });

  it.each([
    ['white', picture([255, 255, 255, 255], black)],
    ['of 128', picture([128, 128, 128, 255], black)],
    // (255 × 38470 + 32768) >> 16 = 150
    ['green', picture([0, 255, 0, 255], black)],
  ])('not one that is %s in a single pixel', async (_name, mask) => {
    await expect(run(mask)).rejects.toThrow(opened);
  });
});
