/** Values between values. */
import type { Size } from './geometry';

/** 0 up to `from`, 1 from `to` on, and smooth between them. */
export function smoothStep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/**
 * The value between the four nearest pixels, by distance.
 * @param values [height × width × channels]
 * @param x 0 … width − 1 @param y 0 … height − 1
 */
export function bilinear(
  values: Float32Array,
  { width, height }: Size,
  x: number,
  y: number,
  channels: number,
  channel: number,
): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const at = (column: number, row: number) => values[(row * width + column) * channels + channel] ?? 0;
  const [across, down] = [x - left, y - top];
  const above = at(left, top) + across * (at(right, top) - at(left, top));
  const below = at(left, bottom) + across * (at(right, bottom) - at(left, bottom));
  return above + down * (below - above);
}
