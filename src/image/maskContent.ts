/** What is under the mask when denoising begins: at a strength below 1 the run starts from it. */
import { NothingLeftError } from './fill/errors';
import { fillHole } from './fill/fillHole';
import { createSamples, pushPull } from './pushPull';
import type { Mask, Pixels } from './raster';

export const maskContents = ['original', 'fill', 'blur', 'border', 'noise'] as const;
/**
 * `original`: the image as it is; `fill`: what is around the mask goes on there (image/fill); `blur`: only its large forms;
 * `border`: the colours around the mask, carried inward; `noise`: grain of every colour.
 */
export type MaskContent = (typeof maskContents)[number];

/** Of the longer side: so far the blur reaches. */
const BLUR_SHARE = 1 / 16;
const GREY = 128;

/**
 * Replaces what the mask covers; elsewhere, and in alpha, the bytes stay.
 * @param mask of the image's size; everything that is not black counts
 */
export async function fillMask(pixels: Pixels, mask: Mask, content: MaskContent): Promise<Pixels> {
  if (mask.width !== pixels.width || mask.height !== pixels.height) {
    throw new RangeError(
      `the mask is ${mask.width} × ${mask.height}, its image ${pixels.width} × ${pixels.height}`,
    );
  }
  const data = new Uint8ClampedArray(pixels.data);
  const result = { width: pixels.width, height: pixels.height, data };
  if (content === 'original') return result;
  const colour = await colours[content](pixels, mask);
  for (let pixel = 0; pixel < mask.data.length; pixel++) {
    if (mask.data[pixel] === 0) continue;
    for (let c = 0; c < 3; c++) data[pixel * 4 + c] = colour(pixel, c);
  }
  return result;
}

type Colour = (pixel: number, channel: number) => number;

const colours: Readonly<
  Record<Exclude<MaskContent, 'original'>, (pixels: Pixels, mask: Mask) => Colour | Promise<Colour>>
> = { fill: continued, blur: blurred, border: inward, noise: grain };

/** As "Remove" does it, at the pixels' own size; always the same, for a seed changes what the model draws. */
async function continued(pixels: Pixels, mask: Mask): Promise<Colour> {
  const hole = { ...mask, data: mask.data.map((value) => (value === 0 ? 0 : 255)) };
  try {
    const { data } = await fillHole(pixels, hole, { seed: 0 });
    return (pixel, c) => data[pixel * 4 + c] ?? 0;
  } catch (error) {
    // Nothing goes on where everything is masked.
    if (error instanceof NothingLeftError) return inward(pixels, mask);
    throw error;
  }
}

/** Three box blurs, close to a Gaussian; beyond the image its edge continues. */
function blurred({ data, width, height }: Pixels): Colour {
  const radius = Math.max(1, Math.round((Math.max(width, height) * BLUR_SHARE) / 2));
  const planes = [0, 1, 2].map((c) => {
    const plane = Float32Array.from({ length: width * height }, (_, i) => data[i * 4 + c] ?? 0);
    for (let pass = 0; pass < 3; pass++) {
      for (let y = 0; y < height; y++) boxBlur(plane, y * width, 1, width, radius);
      for (let x = 0; x < width; x++) boxBlur(plane, x, width, height, radius);
    }
    return plane;
  });
  return (pixel, c) => planes[c]?.[pixel] ?? 0;
}

function boxBlur(plane: Float32Array, start: number, stride: number, count: number, radius: number): void {
  const line = Float32Array.from({ length: count }, (_, i) => plane[start + i * stride] ?? 0);
  const at = (i: number) => line[Math.min(count - 1, Math.max(0, i))] ?? 0;
  let sum = 0;
  for (let i = -radius; i <= radius; i++) sum += at(i);
  for (let i = 0; i < count; i++) {
    plane[start + i * stride] = sum / (2 * radius + 1);
    sum += at(i + radius + 1) - at(i - radius);
  }
}

/** The kept colours, carried under the mask. */
function inward(pixels: Pixels, mask: Mask): Colour {
  const samples = createSamples(pixels);
  for (let i = 0; i < mask.data.length; i++) {
    if (mask.data[i] !== 0) continue;
    samples.weights[i] = 1;
    for (let c = 0; c < 3; c++) samples.values[i * 3 + c] = pixels.data[i * 4 + c] ?? 0;
  }
  // Grey if everything is masked: there is no border to take colours from.
  pushPull(samples, GREY);
  return (pixel, c) => samples.values[pixel * 3 + c] ?? 0;
}

/** The same grain in every run: a seed changes what the model draws, not what it is given. */
function grain(): Colour {
  return (pixel, c) => {
    // The finaliser of MurmurHash3 over a running number.
    let hash = Math.imul(pixel * 3 + c + 1, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) & 255;
  };
}
