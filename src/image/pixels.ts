/**
 * Pictures on their way into and out of the networks, in the arithmetic of diffusers' VaeImageProcessor:
 * 8-bit RGB, resized by Pillow, scaled to −1 … 1 in float32; and back.
 */
import { InputError } from '../contract/errors';
import { type RgbPixels, resizeLanczos, type Size } from './lanczos';

export type { Size } from './lanczos';

/** An 8-bit picture, four bytes a pixel (RGBA, alpha not premultiplied), rows from the top. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

const { fround } = Math;

/** @param field what the mask is called where it came from @throws InputError unless both are of one size */
export function checkSameSize(image: Size, mask: Size, field = 'mask_url'): void {
  if (image.width === mask.width && image.height === mask.height) return;
  throw new InputError(
    field,
    `${field}: the mask is ${mask.width} × ${mask.height} pixels, the picture ${image.width} × ${image.height}; ` +
      "save the mask at the picture's size",
  );
}

/** Channels further apart than this make a colour; greys of lossy formats stay below. */
const COLOUR = 32;

/**
 * Refuses a mask that paints nothing as {@link fitMask} reads it, before a model is loaded for it.
 * @param field what the mask is called where it came from
 * @throws InputError saying what was read
 */
export function checkPaints(mask: Pixels, field = 'mask_url'): void {
  const { data } = flatten(mask, MASK_BACKDROP);
  let [whitest, colour, opacity] = [0, 0, 0];
  for (let pixel = 0; pixel < mask.width * mask.height; pixel++) {
    const [red, green, blue] = [data[pixel * 3] ?? 0, data[pixel * 3 + 1] ?? 0, data[pixel * 3 + 2] ?? 0];
    whitest = Math.max(whitest, luma(red, green, blue));
    if (whitest >= HALF_WHITE) return;
    colour = Math.max(colour, Math.max(red, green, blue) - Math.min(red, green, blue));
    opacity = Math.max(opacity, mask.data[pixel * 4 + 3] ?? 0);
  }
  const white = `paint white, ${HALF_WHITE} of 255 at least, what should change`;
  throw new InputError(field, `${field}: the mask paints nothing: ${reason()}; ${white}`);

  function reason(): string {
    if (colour > COLOUR) return `it is in colour, whose luminance is ${whitest} of 255 at most`;
    if (opacity === 0) return 'it is transparent all over, which is black';
    if (whitest > 0) return `its whitest value is ${whitest} of 255`;
    return hasTransparency(mask)
      ? 'its strokes are black, on transparency, which is black too'
      : 'it is black all over';
  }
}

function hasTransparency({ data }: Pixels): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return true;
  return false;
}

/**
 * Drops the alpha channel by laying the picture over a plain colour.
 *
 * diffusers drops alpha and so reveals whatever colour a transparent pixel holds; what a person sees of a
 * transparent picture is a page showing through. For opaque pictures, which is nearly all, both agree.
 * @param backdrop grey value 0 … 255 that shows where the picture is transparent
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

/** White: what most viewers show behind a transparent picture. */
const IMAGE_BACKDROP = 255;
/** Black: where a mask is transparent nothing was painted, so the picture is kept. */
const MASK_BACKDROP = 0;

/** From here on a mask's value is white: 0.5 × 255, rounded up. */
const HALF_WHITE = 128;

/** The picture at the model's size, [3 × H × W] bytes interleaved; transparent parts over white. */
export function fitImage(image: Pixels, size: Size): RgbPixels {
  return resizeLanczos(flatten(image, IMAGE_BACKDROP), size);
}

/** An opaque picture at another size, by Lanczos. */
export function scalePixels(image: Pixels, size: Size): Pixels {
  if (image.width === size.width && image.height === size.height) return image;
  return toRgba(resizeLanczos(flatten(image, IMAGE_BACKDROP), size));
}

function toRgba({ data, width, height }: RgbPixels): Pixels {
  const out = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      out[pixel * 4 + channel] = data[pixel * 3 + channel] ?? 0;
    }
  }
  return { data: out, width, height };
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
      luma(data[pixel * 3] ?? 0, data[pixel * 3 + 1] ?? 0, data[pixel * 3 + 2] ?? 0) >= HALF_WHITE ? 1 : 0;
  }
  return out;
}

/** Pillow's conversion from RGB to L: ITU-R 601 in 16-bit fixed point (Convert.c, L24). */
function luma(red: number, green: number, blue: number): number {
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
  const data = new Uint8ClampedArray(plane * 4); // Uint8ClampedArray rounds half to even, too
  for (let pixel = 0; pixel < plane; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = fround(fround((decoded[channel * plane + pixel] ?? 0) * 0.5) + 0.5);
      data[pixel * 4 + channel] = fround(Math.min(Math.max(value, 0), 1) * 255);
    }
    data[pixel * 4 + 3] = 255;
  }
  return { data, width: size.width, height: size.height };
}
