/**
 * The mask as shown over the image, drawn at the view's resolution: its cost depends on the window, not on the image.
 */
import type { Rect } from '../../image/geometry';
import { createPixels, MASK_THRESHOLD, type Mask, type Pixels } from '../../image/raster';
import type { View } from './view';

/**
 * `hatched`: stripes and an outline; `outline`: just that; `solid`: opaque, for clipping; `maskOnly`: the mask itself, white
 * on black.
 */
export type OverlayFill = 'hatched' | 'outline' | 'solid' | 'maskOnly';

export interface OverlayStyle {
  /** 0 … 255 */
  color: readonly [red: number, green: number, blue: number];
  /** The mean opacity of the stripes, 0 … 1; the outline has its own. */
  opacity: number;
  fill: OverlayFill;
  /** View pixels per CSS pixel, so that stripes and outline look the same on every screen. */
  pixelRatio: number;
}

const STRIPE = 7; // CSS pixels
const OUTLINE = 1.75; // CSS pixels
const OUTLINE_OPACITY = 0.95;
/** By which share the two kinds of stripes differ from their mean. */
const CONTRAST = 0.16;

/**
 * Draws the part of the overlay in `region`.
 * @param view in device pixels of the layer
 * @param region whole device pixels of the layer
 * @returns straight RGBA of the region's size
 */
export function drawOverlay(mask: Mask, view: View, region: Rect, style: OverlayStyle): Pixels {
  const { width, height } = region;
  const pixels = createPixels(region);
  // Bytes R, G, B, A in memory: every device that runs a browser is little-endian.
  const words = new Uint32Array(pixels.data.buffer);
  const reach = Math.max(1, Math.round(OUTLINE * style.pixelRatio));
  const values = sampleMask(mask, view, region, reach);
  const stride = width + 2 * reach;
  const { fill } = style;
  const paint = brushOf(style);
  // Unrolled, with a table for every value: this runs for each pixel of the window, several times a second.
  const hasRim = fill === 'hatched' || fill === 'outline';
  const white = new Uint8Array(hasRim ? values.length : 0);
  for (let i = 0; i < white.length; i++) white[i] = (values[i] as number) >= MASK_THRESHOLD ? 1 : 0;
  const diagonal = Math.max(1, Math.round(reach * 0.7));
  const [down, slant, turn] = [reach * stride, diagonal * (stride + 1), diagonal * (stride - 1)];
  const isStrong = stripes(region, STRIPE * style.pixelRatio);
  for (let y = 0; y < height; y++) {
    let at = (y + reach) * stride + reach;
    let to = y * width;
    for (let x = 0; x < width; x++, at++, to++) {
      const value = values[at] as number;
      if (value === 0 && fill !== 'maskOnly') continue;
      // The rim: white, but black at a distance of `reach` in one of eight directions.
      const isRim =
        hasRim &&
        white[at] === 1 &&
        ((white[at - reach] as number) &
          (white[at + reach] as number) &
          (white[at - down] as number) &
          (white[at + down] as number) &
          (white[at - slant] as number) &
          (white[at + slant] as number) &
          (white[at - turn] as number) &
          (white[at + turn] as number)) ===
          0;
      const table = isRim ? paint.rim : isStrong[x + y] === 1 ? paint.strong : paint.weak;
      words[to] = table[value] as number;
    }
  }
  return pixels;
}

/** The pixel for each value of the mask: at the rim, in the stronger stripes and in the others. */
function brushOf({ color, opacity, fill }: OverlayStyle) {
  const [red, green, blue] = color;
  const plain = wordOf(red, green, blue);
  const table = (word: (value: number) => number) =>
    Uint32Array.from({ length: 256 }, (_, value) => word(value));
  const stripe = (share: number) => table((value) => plain | (Math.round(value * share) << 24));
  // The outline is the mask's colour, a little towards white.
  const lighter = (channel: number) => channel + (255 - channel) * 0.15;
  const bright = wordOf(lighter(red), lighter(green), lighter(blue));
  const rim = table((value) => bright | (Math.round(value * OUTLINE_OPACITY) << 24));
  if (fill === 'hatched') {
    return {
      rim,
      strong: stripe(Math.min(1, opacity * (1 + CONTRAST))),
      weak: stripe(opacity * (1 - CONTRAST)),
    };
  }
  const flat = {
    outline: () => 0,
    solid: (value: number) => value << 24,
    maskOnly: (value: number) => 0xff000000 | (value * 0x010101),
  }[fill];
  const both = table(flat);
  return { rim, strong: both, weak: both };
}

function wordOf(red: number, green: number, blue: number): number {
  return Math.round(red) | (Math.round(green) << 8) | (Math.round(blue) << 16);
}

/** For each diagonal of the region, x + y, whether it is in one of the stronger stripes. */
function stripes({ x, y, width, height }: Rect, period: number): Uint8Array {
  const strong = new Uint8Array(width + height);
  for (let i = 0; i < strong.length; i++) strong[i] = Math.floor((x + y + i) / period) % 2 === 0 ? 1 : 0;
  return strong;
}

/**
 * The mask at each view pixel: the mean of four samples. From 1:1 on it is one sample, so that the mask's pixels stay
 * crisp.
 * @returns [region.height + 2 margin, region.width + 2 margin]
 */
function sampleMask(mask: Mask, view: View, region: Rect, margin: number): Uint8Array {
  const width = region.width + 2 * margin;
  const height = region.height + 2 * margin;
  const offsets = view.scale < 1 ? ([0.25, 0.75] as const) : ([0.5, 0.5] as const);
  /** The two mask pixels beneath each view pixel along one side; they may be the same. */
  const indices = (start: number, count: number, origin: number) =>
    offsets.map((offset) =>
      Int32Array.from({ length: count }, (_, i) =>
        Math.floor((start - margin + i + offset - origin) / view.scale),
      ),
    ) as [Int32Array, Int32Array];
  const [lefts, rights] = indices(region.x, width, view.x);
  const [uppers, lowers] = indices(region.y, height, view.y);
  const { data } = mask;
  const means = new Uint8Array(width * height);
  const isInside = (index: number | undefined, limit: number) =>
    index !== undefined && index >= 0 && index < limit;
  /** The mean of four samples of which some may be outside the mask: those are black. */
  const atBorder = (x: number, y: number) => {
    let sum = 0;
    for (const row of [uppers[y], lowers[y]]) {
      for (const column of [lefts[x], rights[x]]) {
        if (isInside(row, mask.height) && isInside(column, mask.width))
          sum += data[(row ?? 0) * mask.width + (column ?? 0)] ?? 0;
      }
    }
    return (sum + 2) >> 2;
  };
  // Whole rows of samples at once, because this runs for every pixel of the window.
  let from = 0;
  while (from < width && !isInside(lefts[from], mask.width)) from += 1;
  let to = width;
  while (to > from && !isInside(rights[to - 1], mask.width)) to -= 1;
  for (let y = 0; y < height; y++) {
    const at = y * width;
    if (isInside(uppers[y], mask.height) && isInside(lowers[y], mask.height)) {
      const upper = (uppers[y] ?? 0) * mask.width;
      const lower = (lowers[y] ?? 0) * mask.width;
      for (let x = from; x < to; x++) {
        const left = lefts[x] ?? 0;
        const right = rights[x] ?? 0;
        const above = (data[upper + left] ?? 0) + (data[upper + right] ?? 0);
        means[at + x] = (above + (data[lower + left] ?? 0) + (data[lower + right] ?? 0) + 2) >> 2;
      }
      if (from > 0) means[at + from - 1] = atBorder(from - 1, y);
      if (to < width) means[at + to] = atBorder(to, y);
    } else if (isInside(uppers[y], mask.height) || isInside(lowers[y], mask.height)) {
      for (let x = 0; x < width; x++) means[at + x] = atBorder(x, y);
    }
  }
  return means;
}
