/**
 * The autoencoder in overlapping tiles, for images whose tensors are too large for the device. Tiles, overlap and
 * blending are those of diffusers' AutoencoderKL with `enable_tiling` (0.36: `_tiled_encode`, `tiled_decode`), so that the
 * values are diffusers' own. They differ from those of the whole image: each tile's group norms see only that tile, which
 * can shift its colours a little; a quarter of each tile is therefore blended into the next.
 */

import type { Size } from '../image/geometry';
import type { Vae } from './model';

/** diffusers' `tile_overlap_factor`. */
const OVERLAP = 0.25;

/** Channels of an image or of latents, plane after plane: [1, C, height, width]. */
interface Planes extends Size {
  values: Float32Array;
  channels: number;
}

/** As {@link Vae.encode}, in tiles if the autoencoder asks for them. @param signal checked between tiles */
export function encodePicture(
  vae: Vae,
  pixels: Float32Array,
  size: Size,
  signal: AbortSignal,
): Promise<Float32Array> {
  const tile = vae.tiles?.encoder;
  if (tile === undefined || fits(size, tile)) return vae.encode(pixels, size);
  const sides = { from: tile, to: tile / vae.downscale };
  return inTiles(pixels, size, sides, (values, part) => vae.encode(values, part), signal);
}

/** As {@link Vae.decode}, in tiles if the autoencoder asks for them. @param signal checked between tiles */
export function decodeLatents(
  vae: Vae,
  latents: Float32Array,
  size: Size,
  signal: AbortSignal,
): Promise<Float32Array> {
  const tile = vae.tiles?.decoder;
  const latentTile = tile === undefined ? undefined : tile / vae.downscale;
  if (tile === undefined || latentTile === undefined || fits(size, latentTile))
    return vae.decode(latents, size);
  const sides = { from: latentTile, to: tile };
  return inTiles(latents, size, sides, (values, part) => vae.decode(values, part), signal);
}

function fits({ width, height }: Size, side: number): boolean {
  return width <= side && height <= side;
}

/** @param sides of a tile, before and after the work */
async function inTiles(
  values: Float32Array,
  size: Size,
  sides: { from: number; to: number },
  work: (values: Float32Array, size: Size) => Promise<Float32Array>,
  signal: AbortSignal,
): Promise<Float32Array> {
  const { from, to } = sides;
  const { width, height } = size;
  const whole: Planes = { values, channels: values.length / (width * height), ...size };
  const scale = to / from;
  const step = Math.floor(from * (1 - OVERLAP));
  const extent = Math.floor(to * OVERLAP);
  const kept = to - extent;
  let result: Planes | undefined;
  let above: readonly Planes[] = [];
  for (let y = 0, outY = 0; y < height; y += step, outY += kept) {
    const row: Planes[] = [];
    for (let x = 0, outX = 0; x < width; x += step, outX += kept) {
      signal.throwIfAborted();
      const part = { width: Math.min(from, width - x), height: Math.min(from, height - y) };
      const outSize = { width: part.width * scale, height: part.height * scale };
      const done = await work(cut(whole, x, y, part), part);
      const tile: Planes = {
        values: done,
        channels: done.length / (outSize.width * outSize.height),
        ...outSize,
      };
      // The tiles above and to the left are already blended, and so are the stripes taken from them.
      const upper = above[row.length];
      const left = row.at(-1);
      if (upper !== undefined) blendBelow(upper, tile, extent);
      if (left !== undefined) blendBeside(left, tile, extent);
      row.push(tile);
      result ??= planes(tile.channels, { width: width * scale, height: height * scale });
      paste(tile, result, outX, outY, kept);
    }
    above = row;
  }
  return (result ?? whole).values;
}

function planes(channels: number, size: Size): Planes {
  return { values: new Float32Array(channels * size.width * size.height), channels, ...size };
}

function cut(whole: Planes, x: number, y: number, size: Size): Float32Array {
  const part = planes(whole.channels, size);
  for (let channel = 0; channel < whole.channels; channel++) {
    for (let row = 0; row < size.height; row++) {
      const start = (channel * whole.height + y + row) * whole.width + x;
      part.values.set(
        whole.values.subarray(start, start + size.width),
        (channel * size.height + row) * size.width,
      );
    }
  }
  return part.values;
}

/** Writes a tile's first `side` rows and columns into the whole. */
function paste(tile: Planes, whole: Planes, x: number, y: number, side: number): void {
  const width = Math.min(side, tile.width);
  for (let channel = 0; channel < tile.channels; channel++) {
    for (let row = 0; row < Math.min(side, tile.height); row++) {
      const start = (channel * tile.height + row) * tile.width;
      whole.values.set(
        tile.values.subarray(start, start + width),
        (channel * whole.height + y + row) * whole.width + x,
      );
    }
  }
}

/** diffusers' `blend_v`: the first rows come out of the last ones of the tile above. */
function blendBelow(above: Planes, tile: Planes, extent: number): void {
  const rows = Math.min(above.height, tile.height, extent);
  for (let channel = 0; channel < tile.channels; channel++) {
    for (let row = 0; row < rows; row++) {
      const weight = row / rows;
      const source = (channel * above.height + above.height - rows + row) * above.width;
      const target = (channel * tile.height + row) * tile.width;
      for (let x = 0; x < tile.width; x++) mix(above, source + x, tile, target + x, weight);
    }
  }
}

/** diffusers' `blend_h`: the first columns come out of the last ones of the tile to the left. */
function blendBeside(left: Planes, tile: Planes, extent: number): void {
  const columns = Math.min(left.width, tile.width, extent);
  for (let channel = 0; channel < tile.channels; channel++) {
    for (let row = 0; row < tile.height; row++) {
      const source = (channel * left.height + row) * left.width + left.width - columns;
      const target = (channel * tile.height + row) * tile.width;
      for (let x = 0; x < columns; x++) mix(left, source + x, tile, target + x, x / columns);
    }
  }
}

function mix(from: Planes, source: number, into: Planes, target: number, weight: number): void {
  into.values[target] = (from.values[source] ?? 0) * (1 - weight) + (into.values[target] ?? 0) * weight;
}
