/** A part of a large image at another size, read in bands so that a photograph of 24 megapixels is never held as pixels. */
import type { Rect, Size } from '../image/geometry';
import { createPixels, type Pixels } from '../image/raster';
import type { AssistImage } from './cutMask';

/** Pixels of the image that are read at a time: 8 MB. */
const BAND_PIXELS = 2 ** 21;

/**
 * The mean of the pixels beneath each pixel when it gets smaller, bilinear when it gets larger: the same in every browser and
 * under Node, unlike a canvas.
 * @param frame whole pixels, inside the image
 */
export function scaleDown(image: AssistImage, frame: Rect, size: Size): Pixels {
  const out = createPixels(size);
  const columns = taps(frame.width, size.width);
  const rows = taps(frame.height, size.height);
  /** [width × 4] sums for one row of the result. */
  const sums = new Float32Array(size.width * 4);
  let band: { from: number; pixels: Pixels } | undefined;
  /** Rows of the band scaled across, since neighbouring rows of the result share them. */
  let scaled = new Map<number, Float32Array>();
  const bandRows = Math.max(1, Math.floor(BAND_PIXELS / frame.width));

  const rowOf = (y: number): Float32Array => {
    const known = scaled.get(y);
    if (known) return known;
    if (!band || y < band.from || y >= band.from + band.pixels.height) {
      const height = Math.min(bandRows, frame.height - y);
      band = { from: y, pixels: image.read({ x: frame.x, y: frame.y + y, width: frame.width, height }) };
    }
    const line = across(band.pixels, y - band.from, columns);
    scaled.set(y, line);
    return line;
  };

  for (let y = 0; y < size.height; y++) {
    sums.fill(0);
    const { first, weights } = rows[y] ?? { first: 0, weights: [] };
    scaled = new Map([...scaled].filter(([row]) => row >= first));
    for (const [index, weight] of weights.entries()) {
      const line = rowOf(first + index);
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + (line[i] ?? 0) * weight;
    }
    out.data.set(sums, y * size.width * 4);
  }
  return out;
}

interface Taps {
  first: number;
  weights: number[];
}

/** For each pixel of the result the pixels that it takes, and their shares: a triangle as wide as the step, or a box. */
function taps(from: number, to: number): Taps[] {
  const step = from / to;
  return Array.from({ length: to }, (_, i) => {
    if (step > 1) {
      const [start, end] = [i * step, (i + 1) * step];
      const first = Math.floor(start);
      const last = Math.min(from, Math.ceil(end - 1e-9));
      const weights = Array.from(
        { length: last - first },
        (__, k) => (Math.min(end, first + k + 1) - Math.max(start, first + k)) / step,
      );
      return { first, weights };
    }
    const middle = Math.min(from - 1, Math.max(0, (i + 0.5) * step - 0.5));
    const first = Math.floor(middle);
    const part = middle - first;
    return part === 0 ? { first, weights: [1] } : { first, weights: [1 - part, part] };
  });
}

/** One row at the result's width. @returns [width × 4] */
function across({ data, width }: Pixels, row: number, columns: readonly Taps[]): Float32Array {
  const line = new Float32Array(columns.length * 4);
  for (const [x, { first, weights }] of columns.entries()) {
    for (const [index, weight] of weights.entries()) {
      const source = (row * width + first + index) * 4;
      for (let c = 0; c < 4; c++) line[x * 4 + c] = (line[x * 4 + c] ?? 0) + (data[source + c] ?? 0) * weight;
    }
  }
  return line;
}
