/** Runs of the starter on images in memory. */
import sharp from 'sharp';
import { inpaintRequestSchema, localOptionsSchema } from '../../src/contract/schema';
import type { Pixels } from '../../src/image/raster';
import { type OpenModel, runAtSize } from '../../src/pipeline/runRequest';

export const call = { signal: new AbortController().signal, onProgress: () => {} };

/** @returns the image at its own size, with the starter's best settings */
export async function draw(
  opened: OpenModel,
  pictures: { image: Pixels; mask: Pixels },
  prompt: string,
  seed: number,
): Promise<Pixels> {
  const given = { model_name: 'starter', prompt, image_url: 'data:,', mask_url: 'data:,', seed };
  const request = inpaintRequestSchema.parse({ ...given, num_inference_steps: 6, guidance_scale: 1 });
  const { width, height } = pictures.image;
  const sized = { request, options: localOptionsSchema.parse({}), pictures, size: { width, height } };
  return (await runAtSize(sized, opened, call)).pixels;
}

export async function read(path: string): Promise<Pixels> {
  const { data, info } = await sharp(path)
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8ClampedArray(data), width: info.width, height: info.height };
}

export async function write({ data, width, height }: Pixels, path: string): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .png()
    .toFile(path);
}
