/**
 * Display P3 and sRGB into one another, value by value: both have sRGB's curve and white, their primaries differ.
 * https://www.w3.org/TR/css-color-4/#color-conversion-code
 */
import type { ColourSpace } from './files/iccProfile';
import { createPixels, type Pixels } from './raster';

/** Of linear light, row after row. */
const P3_TO_SRGB = [
  1.2249402, -0.2249402, 0, -0.0420569, 1.0420569, 0, -0.0196376, -0.0786361, 1.0982736,
] as const;
const SRGB_TO_P3 = [
  0.8224621, 0.177538, 0, 0.0331942, 0.9668058, 0, 0.0170826, 0.0723974, 0.9105199,
] as const;

const toLinear = Float64Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});
/** Where the curve is steepest, a step of a byte is 20 of these. */
const STEPS = 65535;
const fromLinear = Uint8Array.from({ length: STEPS + 1 }, (_, step) => {
  const value = step / STEPS;
  return Math.round(255 * (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055));
});

/**
 * The same colours in another space; those that it does not have become the nearest values that it has, channel by channel.
 * @returns the image itself if nothing changes
 */
export function convertColours(pixels: Pixels, from: ColourSpace, to: ColourSpace): Pixels {
  if (from === to) return pixels;
  const [a, b, c, d, e, f, g, h, i] = from === 'display-p3' ? P3_TO_SRGB : SRGB_TO_P3;
  const converted = createPixels(pixels);
  const { data } = pixels;
  const out = converted.data;
  for (let at = 0; at < data.length; at += 4) {
    const red = toLinear[data[at] ?? 0] ?? 0;
    const green = toLinear[data[at + 1] ?? 0] ?? 0;
    const blue = toLinear[data[at + 2] ?? 0] ?? 0;
    out[at] = byteOf(a * red + b * green + c * blue);
    out[at + 1] = byteOf(d * red + e * green + f * blue);
    out[at + 2] = byteOf(g * red + h * green + i * blue);
    out[at + 3] = data[at + 3] ?? 0;
  }
  return converted;
}

function byteOf(linear: number): number {
  return fromLinear[Math.round(Math.min(1, Math.max(0, linear)) * STEPS)] ?? 0;
}
