/** The last step: large forms from the averaged vote, detail from the crispest. */
import { HOLE } from './level';
import type { Matches } from './matches';

/** Pixels: what is finer than this Gaussian comes from the crisp vote. */
const FORM_SPREAD = 2;

/**
 * Adds the detail of the crisp vote to the large forms of `level.colours`, in place, in the hole alone. No channel leaves the
 * range of what is known.
 * @param detail [height × width × 3]
 */
export function composeDetail({ level }: Matches, detail: Float32Array): void {
  const { width, height, colours, kinds } = level;
  const difference = Float32Array.from(colours, (value, i) => value - (detail[i] ?? 0));
  blur(difference, width, height, FORM_SPREAD);
  const [low, high] = knownRange(level);
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] !== HOLE) continue;
    for (let c = 0; c < 3; c++) {
      const value = (detail[3 * i + c] ?? 0) + (difference[3 * i + c] ?? 0);
      colours[3 * i + c] = Math.round(Math.min(high[c] ?? 255, Math.max(low[c] ?? 0, value)));
    }
  }
}

/** The least and the greatest value of each channel outside the hole. */
function knownRange({ colours, kinds }: Matches['level']): [low: number[], high: number[]] {
  const low = [255, 255, 255];
  const high = [0, 0, 0];
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] === HOLE || kinds[i] === 0) continue;
    for (let c = 0; c < 3; c++) {
      const value = colours[3 * i + c] ?? 0;
      if (value < (low[c] ?? 0)) low[c] = value;
      if (value > (high[c] ?? 0)) high[c] = value;
    }
  }
  return [low, high];
}

/** Gaussian, in place; beyond the image its edge continues. @param values [height × width × 3] */
function blur(values: Float32Array, width: number, height: number, spread: number): void {
  const reach = Math.ceil(2.5 * spread);
  const kernel = Float32Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * spread * spread)),
  );
  const whole = kernel.reduce((sum, weight) => sum + weight, 0);
  const line = new Float32Array(Math.max(width, height));
  const along = (start: number, step: number, count: number) => {
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (let k = -reach; k <= reach; k++) {
        const at = Math.min(count - 1, Math.max(0, i + k));
        sum += (kernel[k + reach] ?? 0) * (values[start + at * step] ?? 0);
      }
      line[i] = sum / whole;
    }
    for (let i = 0; i < count; i++) values[start + i * step] = line[i] ?? 0;
  };
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) along(3 * y * width + c, 3, width);
    for (let x = 0; x < width; x++) along(3 * x + c, 3 * width, height);
  }
}
