/** "Remove" of the harness's engine: the page's own content-aware fill, on this thread. */
import type { Call } from '../../src/contract/engine';
import type { InpaintRequest } from '../../src/contract/schema';
import { fillHole } from '../../src/image/fill/fillHole';
import type { Pixels } from '../../src/image/raster';

/** @returns the result as a PNG */
export async function removeMasked(
  { image_url, mask_url, seed = Math.floor(Math.random() * 1000) }: InpaintRequest,
  { signal, onProgress }: Call,
): Promise<{ file: Blob; seed: number }> {
  const [image, white] = await Promise.all([pixelsOf(image_url), pixelsOf(mask_url)]);
  const { width, height } = image;
  const hole = { width, height, data: new Uint8Array(width * height).map((_, i) => white.data[i * 4] ?? 0) };
  const filled = await fillHole(image, hole, {
    seed,
    onProgress: (fraction) => onProgress({ stage: 'remove', fraction }),
    async pause() {
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
    },
  });
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(new ImageData(filled.data, width, height), 0, 0);
  return { file: await canvas.convertToBlob({ type: 'image/png' }), seed };
}

async function pixelsOf(source: InpaintRequest['image_url']): Promise<Pixels> {
  if (!(source instanceof Blob)) throw new Error('the page sends files');
  const bitmap = await createImageBitmap(source);
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (!context) throw new Error('no canvas');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}
