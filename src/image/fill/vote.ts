/**
 * Colours of the hole from the matches: each pixel is the mean of what the patches that cover it would put there, the
 * more alike ones counting more (Wexler, Shechtman and Irani, "Space-Time Completion of Video", 2007).
 */

import type { Matches } from './matches';
import { HOLE } from './scale';
import { byCount, type Steps } from './stretches';

/** So many targets tell what costs are usual. */
const SAMPLE = 20_000;

/**
 * How much each target's patch counts: exp(−cost / 2σ²), σ² being the cost that three quarters of the targets stay below.
 * @param strictness 1; more: unlike patches count less
 * @returns [height × width]
 */
export function* trustOf({ targets, costs, level }: Matches, strictness: number): Steps<Float32Array> {
  const trust = new Float32Array(level.width * level.height);
  const step = Math.ceil(targets.length / SAMPLE);
  const sorted = new Float32Array(Math.ceil(targets.length / step));
  for (let i = 0; i < sorted.length; i++) sorted[i] = costs[targets[i * step] ?? 0] ?? 0;
  sorted.sort();
  const usual = Math.max(1, sorted[(sorted.length * 3) >> 2] ?? 1);
  yield* byCount(targets.length, (first, end) => {
    for (let n = first; n < end; n++) {
      const target = targets[n] ?? 0;
      // Never quite 0: a pixel whose patches are all unlike still gets a colour.
      trust[target] = Math.max(1e-30, Math.exp((-(costs[target] ?? 0) * strictness) / (2 * usual)));
    }
  });
  return trust;
}

/**
 * How much a pixel counts by its place in the patch: more, the nearer to the centre. A narrow weight keeps texture crisp,
 * a wide one averages.
 * @param spread pixels, the Gaussian's standard deviation; Infinity: all the same
 * @returns [side × side]
 */
export function centreWeights(radius: number, spread: number): Float32Array {
  const side = 2 * radius + 1;
  return Float32Array.from({ length: side * side }, (_, i) => {
    const [dx, dy] = [(i % side) - radius, Math.floor(i / side) - radius];
    return Math.exp(-(dx * dx + dy * dy) / (2 * spread * spread));
  });
}

/** Votes colours and roughness of the hole's pixels among targets `first` to below `end`, in place. */
export function vote(
  { level, radius, nearest, targets }: Matches,
  trust: Float32Array,
  weights: Float32Array,
  first: number,
  end: number,
): void {
  const { width, height, colours, roughness, kinds } = level;
  const side = 2 * radius + 1;
  for (let n = first; n < end; n++) {
    const pixel = targets[n] ?? 0;
    if (kinds[pixel] !== HOLE) continue;
    const x = pixel % width;
    const y = (pixel - x) / width;
    let [red, green, blue, across, down, whole] = [0, 0, 0, 0, 0, 0];
    for (let dy = Math.max(-radius, -y); dy <= radius && y + dy < height; dy++) {
      for (let dx = Math.max(-radius, -x); dx <= radius && x + dx < width; dx++) {
        const step = dy * width + dx;
        const weight = (trust[pixel + step] ?? 0) * (weights[(radius - dy) * side + radius - dx] ?? 0);
        const from = (nearest[pixel + step] ?? 0) - step;
        red += weight * (colours[3 * from] ?? 0);
        green += weight * (colours[3 * from + 1] ?? 0);
        blue += weight * (colours[3 * from + 2] ?? 0);
        across += weight * (roughness[2 * from] ?? 0);
        down += weight * (roughness[2 * from + 1] ?? 0);
        whole += weight;
      }
    }
    // Sources are known pixels, so that nothing is read that was written here.
    colours[3 * pixel] = red / whole + 0.5;
    colours[3 * pixel + 1] = green / whole + 0.5;
    colours[3 * pixel + 2] = blue / whole + 0.5;
    roughness[2 * pixel] = across / whole;
    roughness[2 * pixel + 1] = down / whole;
  }
}
