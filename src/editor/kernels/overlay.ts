/**
 * The mask as it is shown over the picture, drawn at the view's resolution: its cost follows the window,
 * not the picture.
 */
import type { Rect } from './geometry';
import { MASK_THRESHOLD, type Mask, type Pixels } from './raster';
import type { View } from './view';

export interface OverlayStyle {
  /** 0 … 255 */
  color: readonly [red: number, green: number, blue: number];
  /** `hatched`: stripes and an outline; `outline`: that alone; `solid`: opaque, to clip by. */
  fill: 'hatched' | 'outline' | 'solid';
  /** View pixels per CSS pixel, so that stripes and outline look alike on every screen. */
  pixelRatio: number;
}

const STRIPE = 7; // CSS pixels
const OUTLINE = 1.75; // CSS pixels
const STRONG = 0.58;
const WEAK = 0.42;

/**
 * Draws the part of the overlay in `region`.
 * @param view in device pixels of the layer
 * @param region whole device pixels of the layer
 * @returns straight RGBA of the region's size
 */
export function drawOverlay(mask: Mask, view: View, region: Rect, style: OverlayStyle): Pixels {
  const { width, height } = region;
  const data = new Uint8ClampedArray(width * height * 4);
  const reach = Math.max(1, Math.round(OUTLINE * style.pixelRatio));
  const diagonal = Math.max(1, Math.round(reach * 0.7));
  const coverage = sampleMask(mask, view, region, reach);
  const stride = width + 2 * reach;
  const neighbours = [
    -reach,
    reach,
    -reach * stride,
    reach * stride,
    -diagonal * (stride + 1),
    diagonal * (stride + 1),
    -diagonal * (stride - 1),
    diagonal * (stride - 1),
  ];
  const [red, green, blue] = style.color;
  const period = STRIPE * style.pixelRatio;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y + reach) * stride + x + reach;
      const covered = coverage[at] ?? 0;
      if (covered === 0) continue;
      const to = (y * width + x) * 4;
      if (style.fill === 'solid') {
        data[to + 3] = covered * 63.75;
        continue;
      }
      let edge = false;
      for (const step of neighbours) edge ||= (coverage[at + step] ?? 0) < 2;
      if (!edge && style.fill === 'outline') continue;
      const strong = Math.floor((region.x + x + region.y + y) / period) % 2 === 0;
      // The outline is the accent colour, a little towards white.
      data[to] = edge ? red + (255 - red) * 0.15 : red;
      data[to + 1] = edge ? green + (255 - green) * 0.15 : green;
      data[to + 2] = edge ? blue + (255 - blue) * 0.15 : blue;
      data[to + 3] = covered * 63.75 * (edge ? 0.95 : strong ? STRONG : WEAK);
    }
  }
  return { width, height, data };
}

/**
 * How many of four samples of each view pixel fall on white, 0 … 4; at 1:1 and beyond one sample serves for
 * all, so that the mask's pixels stay crisp.
 * @returns [region.height + 2 margin, region.width + 2 margin]
 */
function sampleMask(mask: Mask, view: View, region: Rect, margin: number): Uint8Array {
  const width = region.width + 2 * margin;
  const height = region.height + 2 * margin;
  const offsets = view.scale < 1 ? [0.25, 0.75] : [0.5];
  const weight = view.scale < 1 ? 1 : 4;
  const indices = (start: number, count: number, origin: number, limit: number) =>
    offsets.map((offset) =>
      Int32Array.from({ length: count }, (_, i) => {
        const index = Math.floor((start - margin + i + offset - origin) / view.scale);
        return index >= 0 && index < limit ? index : -1;
      }),
    );
  const columns = indices(region.x, width, view.x, mask.width);
  const rows = indices(region.y, height, view.y, mask.height);
  const coverage = new Uint8Array(width * height);
  for (const row of rows) {
    for (const column of columns) {
      for (let y = 0; y < height; y++) {
        const start = (row[y] ?? -1) * mask.width;
        if (start < 0) continue;
        for (let x = 0; x < width; x++) {
          const index = column[x] ?? -1;
          if (index >= 0 && (mask.data[start + index] ?? 0) >= MASK_THRESHOLD) {
            coverage[y * width + x] = (coverage[y * width + x] ?? 0) + weight;
          }
        }
      }
    }
  }
  return coverage;
}
