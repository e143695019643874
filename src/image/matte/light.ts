/** The light of a place: a thing that is laid there takes some of it. */
import type { Pixels } from '../raster';

/** Of the ground's brightness against a usual photograph's, and of its tint, as exponents: 0 is none, 1 all of it. */
const [BRIGHTNESS, TINT] = [0.35, 0.15];
/** The mean level of a usual photograph. */
const USUAL = 112;
/** However dark or bright the place is. */
const [LEAST, MOST] = [0.5, 1.15];

/**
 * @param where [height × width]: not 0 where the thing's ground is
 * @returns what a thing's red, green and blue are multiplied by
 */
export function lightOf(ground: Pixels, where: Uint8Array): readonly [number, number, number] {
  const sums = [0, 0, 0];
  let count = 0;
  for (let i = 0; i < where.length; i++) {
    // Transparent ground has no light of its own.
    if (where[i] === 0 || ground.data[4 * i + 3] === 0) continue;
    count++;
    for (let c = 0; c < 3; c++) sums[c] = (sums[c] ?? 0) + (ground.data[4 * i + c] ?? 0);
  }
  if (count === 0) return [1, 1, 1];
  const means = sums.map((sum) => Math.max(1, sum / count));
  const [red = 1, green = 1, blue = 1] = means;
  const brightness = (red + green + blue) / 3;
  const gain = (level: number) => {
    const all = (brightness / USUAL) ** BRIGHTNESS * (level / brightness) ** TINT;
    return Math.min(MOST, Math.max(LEAST, all));
  };
  return [gain(red), gain(green), gain(blue)];
}
