/** Which colour makes a mask easiest to see over an image. */
import type { Pixels } from '../../image/raster';

/** The overlay's colours, `#rrggbb`; the page's own accent comes first. */
export const overlayColours = [
  { color: '#ff7a36', name: 'Orange' },
  { color: '#ff3b5c', name: 'Red' },
  { color: '#36d17c', name: 'Green' },
  { color: '#3aa0ff', name: 'Blue' },
  { color: '#c86bff', name: 'Violet' },
] as const;

/** If more than this share of the image is near the overlay's colour, another colour is used. */
const NEAR_SHARE = 0.2;
/** Colours this near are hard to tell apart at half opacity; see {@link distance}, 0 … 765. */
const NEAR = 190;

/**
 * The first colour if it stands out from most of the image; otherwise the one that is near to the fewest pixels.
 * @param pixels the image, or a small copy of it; transparent pixels are ignored
 * @returns `#rrggbb`
 */
export function overlayColourFor(pixels: Pixels): string {
  const shares = overlayColours.map(({ color }) => ({ color, near: nearShare(pixels, channels(color)) }));
  const [first, ...others] = shares;
  if (first === undefined) throw new RangeError('there is no colour to choose from');
  if (first.near < NEAR_SHARE) return first.color;
  return others.reduce((best, each) => (each.near < best.near ? each : best), first).color;
}

function nearShare({ data }: Pixels, color: readonly [number, number, number]): number {
  let near = 0;
  let seen = 0;
  for (let i = 0; i < data.length; i += 4) {
    if ((data[i + 3] as number) < 128) continue;
    seen++;
    const pixel = [data[i] as number, data[i + 1] as number, data[i + 2] as number] as const;
    if (distance(pixel, color) < NEAR) near++;
  }
  return seen === 0 ? 0 : near / seen;
}

/** A weighted distance in RGB, about as close to perception as Lab: https://www.compuphase.com/cmetric.htm */
function distance(a: readonly [number, number, number], b: readonly [number, number, number]): number {
  const mean = (a[0] + b[0]) / 2;
  const [red, green, blue] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  return Math.sqrt((2 + mean / 256) * red * red + 4 * green * green + (2 + (255 - mean) / 256) * blue * blue);
}

function channels(color: string): [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
