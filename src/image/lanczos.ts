/**
 * Pillow's Lanczos resampling of 8-bit images, bit for bit: two passes, coefficients in 22-bit fixed point, bytes
 * between the passes. Source: Pillow, libImaging/Resample.c.
 */
import type { Size } from './geometry';

/** An 8-bit image without transparency, three bytes a pixel, rows from the top. */
export interface RgbPixels extends Size {
  readonly data: Uint8Array;
}

const CHANNELS = 3;
const LANCZOS_SUPPORT = 3;
/** 32 bits less 8 for the pixel and 2 for the overshoot of the filter. */
const PRECISION_BITS = 22;

/** `image.resize((width, height), Image.LANCZOS)`; the same image if the size is its own. */
export function resizeLanczos(image: RgbPixels, size: Size): RgbPixels {
  const across = image.width === size.width ? image : resizeRows(image, size.width);
  if (across.height === size.height) return across;
  return transpose(resizeRows(transpose(across), size.height));
}

interface Window {
  first: number;
  /** Fixed point. */
  weights: Int32Array;
}

/** For every output position the input pixels that it sees, and their weights. */
function windows(inputLength: number, outputLength: number): Window[] {
  const scale = inputLength / outputLength;
  const filterScale = Math.max(scale, 1);
  const support = LANCZOS_SUPPORT * filterScale;
  return Array.from({ length: outputLength }, (_, position) => {
    const center = (position + 0.5) * scale;
    const first = Math.max(Math.trunc(center - support + 0.5), 0);
    const end = Math.min(Math.trunc(center + support + 0.5), inputLength);
    const exact = Array.from({ length: end - first }, (_, tap) =>
      lanczos((tap + first - center + 0.5) * (1 / filterScale)),
    );
    const sum = exact.reduce((total, weight) => total + weight, 0);
    const weights = Int32Array.from(exact, (weight) => {
      const scaled = (sum === 0 ? weight : weight / sum) * 2 ** PRECISION_BITS;
      return Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
    });
    return { first, weights };
  });
}

function lanczos(x: number): number {
  return x >= -LANCZOS_SUPPORT && x < LANCZOS_SUPPORT ? sinc(x) * sinc(x / LANCZOS_SUPPORT) : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

function resizeRows(image: RgbPixels, width: number): RgbPixels {
  const { data, height } = image;
  // Clamping is Pillow's clip8.
  const out = new Uint8ClampedArray(width * height * CHANNELS);
  const columns = windows(image.width, width);
  for (let y = 0; y < height; y++) {
    const row = y * image.width * CHANNELS;
    for (let x = 0; x < width; x++) {
      const column = columns[x];
      if (!column) continue;
      for (let channel = 0; channel < CHANNELS; channel++) {
        let sum = 1 << (PRECISION_BITS - 1);
        let source = row + column.first * CHANNELS + channel;
        for (const weight of column.weights) {
          sum += (data[source] ?? 0) * weight;
          source += CHANNELS;
        }
        out[(y * width + x) * CHANNELS + channel] = sum >> PRECISION_BITS;
      }
    }
  }
  return { data: new Uint8Array(out.buffer), width, height };
}

function transpose({ data, width, height }: RgbPixels): RgbPixels {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * CHANNELS;
      const to = (x * height + y) * CHANNELS;
      out[to] = data[from] ?? 0;
      out[to + 1] = data[from + 1] ?? 0;
      out[to + 2] = data[from + 2] ?? 0;
    }
  }
  return { data: out, width: height, height: width };
}
