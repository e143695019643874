/**
 * Converts images and masks for the networks and back, in the arithmetic of diffusers' VaeImageProcessor: 8-bit RGB, resized
 * by Pillow, scaled to −1 … 1 in float32; and back.
 */
import type { Size } from '../../image/geometry';
import { type RgbPixels, resizeLanczos } from '../../image/lanczos';
import { createPixels, MASK_THRESHOLD, type Pixels } from '../../image/raster';
import { flatten, IMAGE_BACKDROP } from '../../image/scale';

const { fround } = Math;
/** Black: the transparent parts of a mask were not painted, so the image is kept there. */
export const MASK_BACKDROP = 0;

/** The image at the model's size, [3 × H × W] bytes interleaved; transparent parts over white. */
export function fitImage(image: Pixels, size: Size): RgbPixels {
  return resizeLanczos(flatten(image, IMAGE_BACKDROP), size);
}

/**
 * The mask at the model's size as VaeImageProcessor(do_binarize, do_convert_grayscale) makes it: resized, turned
 * to grey, 1 from 128 on (0.5 × 255), else 0. Transparent parts over black.
 * @returns [H × W] of 0 and 1; 1 is repainted
 */
export function fitMask(mask: Pixels, size: Size): Uint8Array {
  const { data } = resizeLanczos(flatten(mask, MASK_BACKDROP), size);
  const out = new Uint8Array(size.width * size.height);
  for (let pixel = 0; pixel < out.length; pixel++) {
    out[pixel] =
      luma(data[pixel * 3] ?? 0, data[pixel * 3 + 1] ?? 0, data[pixel * 3 + 2] ?? 0) >= MASK_THRESHOLD
        ? 1
        : 0;
  }
  return out;
}

/** Pillow's conversion from RGB to L: ITU-R 601 in 16-bit fixed point (Convert.c, L24). */
export function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/**
 * Bytes to the VAE's input.
 * @param mask [H × W]; pixels where it is 1 become 0 (mid-grey), as `init_image * (mask < 0.5)`; absent: none
 * @returns [1, 3, H, W] in −1 … 1
 */
export function toVaeInput(image: RgbPixels, mask?: Uint8Array): Float32Array {
  const plane = image.width * image.height;
  const out = new Float32Array(3 * plane);
  for (let pixel = 0; pixel < plane; pixel++) {
    if (mask?.[pixel] === 1) continue;
    for (let channel = 0; channel < 3; channel++) {
      out[channel * plane + pixel] = 2 * fround((image.data[pixel * 3 + channel] ?? 0) / 255) - 1;
    }
  }
  return out;
}

/**
 * The mask at the latents' size by nearest neighbour, as `torch.nn.functional.interpolate` picks it.
 * @param factor pixels per latent along one side
 * @returns [1, 1, H/factor, W/factor] of 0 and 1
 */
export function toLatentMask(mask: Uint8Array, size: Size, factor: number): Float32Array {
  const width = size.width / factor;
  const height = size.height / factor;
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) out[y * width + x] = mask[y * factor * size.width + x * factor] ?? 0;
  }
  return out;
}

/**
 * The VAE's output to bytes, rounded half to even as numpy does.
 * @param decoded [1, 3, H, W], about −1 … 1
 */
export function fromVaeOutput(decoded: Float32Array, size: Size): Pixels {
  const plane = size.width * size.height;
  const pixels = createPixels(size);
  const { data } = pixels; // Uint8ClampedArray rounds half to even, too
  for (let pixel = 0; pixel < plane; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = fround(fround((decoded[channel * plane + pixel] ?? 0) * 0.5) + 0.5);
      data[pixel * 4 + channel] = fround(Math.min(Math.max(value, 0), 1) * 255);
    }
    data[pixel * 4 + 3] = 255;
  }
  return pixels;
}
