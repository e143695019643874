/** Images without transparency, and at other sizes. */
import type { Size } from './geometry';
import { type RgbPixels, resizeLanczos } from './lanczos';
import { createPixels, type Pixels } from './raster';

/** White: what most viewers show behind a transparent image. */
export const IMAGE_BACKDROP = 255;

/**
 * Drops the alpha channel by laying the image over a plain colour.
 *
 * diffusers drops alpha and so reveals whatever colour a transparent pixel holds; users
 * see the page show through. For opaque images, which are nearly all, both agree.
 * @param backdrop grey value 0 … 255 behind transparent parts
 */
export function flatten(pixels: Pixels, backdrop: number): RgbPixels {
  const { data, width, height } = pixels;
  const out = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const alpha = (data[pixel * 4 + 3] ?? 0) / 255;
    for (let channel = 0; channel < 3; channel++) {
      const value = data[pixel * 4 + channel] ?? 0;
      out[pixel * 3 + channel] = Math.round(value * alpha + backdrop * (1 - alpha));
    }
  }
  return { data: out, width, height };
}

/** An opaque image at another size, by Lanczos. */
export function scalePixels(image: Pixels, size: Size): Pixels {
  if (image.width === size.width && image.height === size.height) return image;
  return toRgba(resizeLanczos(flatten(image, IMAGE_BACKDROP), size));
}

function toRgba({ data, width, height }: RgbPixels): Pixels {
  const out = createPixels({ width, height });
  out.data.fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      out.data[pixel * 4 + channel] = data[pixel * 3 + channel] ?? 0;
    }
  }
  return out;
}
