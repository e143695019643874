/**
 * The guided filter for a colour image (He, Sun, Tang: Guided Image Filtering, 2013): a soft mask takes over the edges of the
 * image beneath it. Within each window the mask is a linear function of the colours; the functions are what comes out, so that
 * they can be applied to the same image in more detail (He, Sun: Fast Guided Filter, 2015).
 */
import type { Size } from '../image/geometry';
import type { Pixels } from '../image/raster';

/** mask ≈ red × R + green × G + blue × B + offset, for each pixel, with colours 0 … 1. */
export interface LinearMask extends Size {
  red: Float32Array;
  green: Float32Array;
  blue: Float32Array;
  offset: Float32Array;
}

export interface GuidedOptions {
  /** Pixels from a window's middle to its edge. */
  radius: number;
  /** How much contrast counts as an edge: a variance of colours 0 … 1. */
  epsilon: number;
}

/** @param guide the image @param mask of its size, 0 … 1 */
export function guidedFilter(
  guide: Pixels,
  mask: Float32Array,
  { radius, epsilon }: GuidedOptions,
): LinearMask {
  const { width, height, data } = guide;
  const count = width * height;
  const channel = (offset: number) => {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = (data[i * 4 + offset] ?? 0) / 255;
    return values;
  };
  const mean = (values: Float32Array) => boxMean(values, { width, height }, radius);
  const product = (a: Float32Array, b: Float32Array) => {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = (a[i] ?? 0) * (b[i] ?? 0);
    return mean(values);
  };
  const [r, g, b] = [channel(0), channel(1), channel(2)] as const;
  const [mr, mg, mb, mp] = [mean(r), mean(g), mean(b), mean(mask)] as const;
  const [rr, rg, rb, gg, gb, bb] = [
    product(r, r),
    product(r, g),
    product(r, b),
    product(g, g),
    product(g, b),
    product(b, b),
  ] as const;
  const [rp, gp, bp] = [product(r, mask), product(g, mask), product(b, mask)] as const;

  const red = new Float32Array(count);
  const green = new Float32Array(count);
  const blue = new Float32Array(count);
  const offset = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const [x, y, z, p] = [mr[i] ?? 0, mg[i] ?? 0, mb[i] ?? 0, mp[i] ?? 0];
    // The window's covariance of colours, and of colours with the mask.
    const xx = (rr[i] ?? 0) - x * x + epsilon;
    const xy = (rg[i] ?? 0) - x * y;
    const xz = (rb[i] ?? 0) - x * z;
    const yy = (gg[i] ?? 0) - y * y + epsilon;
    const yz = (gb[i] ?? 0) - y * z;
    const zz = (bb[i] ?? 0) - z * z + epsilon;
    const xp = (rp[i] ?? 0) - x * p;
    const yp = (gp[i] ?? 0) - y * p;
    const zp = (bp[i] ?? 0) - z * p;
    // The inverse of the symmetric 3 × 3 matrix by its cofactors.
    const c00 = yy * zz - yz * yz;
    const c01 = xz * yz - xy * zz;
    const c02 = xy * yz - xz * yy;
    const c11 = xx * zz - xz * xz;
    const c12 = xy * xz - xx * yz;
    const c22 = xx * yy - xy * xy;
    const determinant = xx * c00 + xy * c01 + xz * c02;
    const a0 = (c00 * xp + c01 * yp + c02 * zp) / determinant;
    const a1 = (c01 * xp + c11 * yp + c12 * zp) / determinant;
    const a2 = (c02 * xp + c12 * yp + c22 * zp) / determinant;
    red[i] = a0;
    green[i] = a1;
    blue[i] = a2;
    offset[i] = p - a0 * x - a1 * y - a2 * z;
  }
  return { width, height, red: mean(red), green: mean(green), blue: mean(blue), offset: mean(offset) };
}

/** The mean over the square of `2 radius + 1` around each pixel, as far as it lies inside. */
export function boxMean(values: Float32Array, { width, height }: Size, radius: number): Float32Array {
  const rows = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    let sum = 0;
    for (let x = 0; x < Math.min(radius, width); x++) sum += values[start + x] ?? 0;
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += values[start + x + radius] ?? 0;
      if (x - radius - 1 >= 0) sum -= values[start + x - radius - 1] ?? 0;
      const covered = Math.min(width - 1, x + radius) - Math.max(0, x - radius) + 1;
      rows[start + x] = sum / covered;
    }
  }
  const out = new Float32Array(values.length);
  // Row by row, with a sum for each column: down the columns every read would miss the cache.
  const sums = new Float64Array(width);
  for (let y = 0; y < Math.min(radius, height); y++) {
    for (let x = 0; x < width; x++) sums[x] = (sums[x] ?? 0) + (rows[y * width + x] ?? 0);
  }
  for (let y = 0; y < height; y++) {
    const entering = y + radius < height ? (y + radius) * width : -1;
    const leaving = y - radius - 1 >= 0 ? (y - radius - 1) * width : -1;
    const covered = Math.min(height - 1, y + radius) - Math.max(0, y - radius) + 1;
    for (let x = 0; x < width; x++) {
      let sum = sums[x] ?? 0;
      if (entering >= 0) sum += rows[entering + x] ?? 0;
      if (leaving >= 0) sum -= rows[leaving + x] ?? 0;
      sums[x] = sum;
      out[y * width + x] = sum / covered;
    }
  }
  return out;
}
