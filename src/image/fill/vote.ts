/**
 * Colours of the hole from the matches: each pixel is the mean of what the patches that cover it would put there, the
 * more alike ones counting more (Wexler, Shechtman and Irani, "Space-Time Completion of Video", 2007).
 */
import { HOLE } from './level';
import type { Matches } from './matches';

/**
 * How much each target's patch counts: exp(−cost / 2σ²), σ² being the cost that three quarters of the targets stay below.
 * @param strictness 1; more: unlike patches count less
 * @returns [height × width]
 */
export function trustOf({ targets, costs, level }: Matches, strictness: number): Float32Array {
  const trust = new Float32Array(level.width * level.height);
  const sorted = Float32Array.from(targets, (target) => costs[target] ?? 0).sort();
  const usual = Math.max(1, sorted[(sorted.length * 3) >> 2] ?? 1);
  for (const target of targets) {
    // Never quite 0: a pixel whose patches are all unlike still gets a colour.
    trust[target] = Math.max(1e-30, Math.exp((-(costs[target] ?? 0) * strictness) / (2 * usual)));
  }
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

/** The hole's pixels in rows `top` to below `bottom`, written into `out`, rounded as `out` needs. [height × width × 3] */
export function vote(
  { level, radius, nearest, targets }: Matches,
  trust: Float32Array,
  weights: Float32Array,
  first: number,
  end: number,
  out: Uint8Array | Float32Array,
): void {
  const { width, height, colours, kinds } = level;
  const side = 2 * radius + 1;
  for (let n = first; n < end; n++) {
    const pixel = targets[n] ?? 0;
    if (kinds[pixel] !== HOLE) continue;
    const x = pixel % width;
    const y = (pixel - x) / width;
    let [red, green, blue, whole] = [0, 0, 0, 0];
    for (let dy = Math.max(-radius, -y); dy <= radius && y + dy < height; dy++) {
      for (let dx = Math.max(-radius, -x); dx <= radius && x + dx < width; dx++) {
        const step = dy * width + dx;
        const weight = (trust[pixel + step] ?? 0) * (weights[(radius - dy) * side + radius - dx] ?? 0);
        const from = 3 * ((nearest[pixel + step] ?? 0) - step);
        red += weight * (colours[from] ?? 0);
        green += weight * (colours[from + 1] ?? 0);
        blue += weight * (colours[from + 2] ?? 0);
        whole += weight;
      }
    }
    const round = out instanceof Uint8Array ? 0.5 : 0;
    out[pixel * 3] = red / whole + round;
    out[pixel * 3 + 1] = green / whole + round;
    out[pixel * 3 + 2] = blue / whole + round;
  }
}
