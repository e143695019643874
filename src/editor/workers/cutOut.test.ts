import { expect, it } from 'vitest';
import { memorySurface, pixelsIn } from '../../../test/support/memorySurface';
import { createPixels } from '../../image/raster';
import { runCutOut } from './pictureWork';

it('keeps what the mask covers, and is as transparent as mask and image together', async () => {
  const pixels = createPixels({ width: 4, height: 3 });
  for (let i = 0; i < 12; i++) pixels.data.set([i, 2 * i, 3 * i, i === 6 ? 128 : 255], i * 4);
  const surface = {
    ...memorySurface(pixels),
    placed: (size: { width: number; height: number }) => memorySurface(createPixels(size)),
  };
  const file = await runCutOut(
    { open: async () => surface },
    {
      picture: surface.file,
      part: {
        place: { x: 1, y: 1 },
        mask: { width: 2, height: 2, data: Uint8Array.of(255, 255, 0, 51) },
      },
    },
  );
  const cut = pixelsIn(file);
  expect(cut).toMatchObject({ width: 2, height: 2 });
  // Pixels 5, 6, 9 and 10 of the image
  expect([...(cut?.data ?? [])]).toEqual([5, 10, 15, 255, 6, 12, 18, 128, 9, 18, 27, 0, 10, 20, 30, 51]);
});
