/**
 * A Brownian motion that depends only on its seed, not on the queried points or their order: the interval is halved down to
 * the point, each half's value drawn from a generator seeded by the position in the tree.
 *
 * Source: torchsde 0.2.6, BrownianInterval with `halfway_tree=True, tol=1e-6, pool_size=24`, as diffusers makes it.
 */
import { TorchGenerator } from './random';
import { seedSequence } from './seedSequence';

const POOL_SIZE = 24;
/** Decimals to which points are rounded; halving ends there. */
const DIGITS = 6;

/** An interval of the tree, and the motion's values at its ends; in double, since only their difference is used. */
interface Interval {
  start: number;
  end: number;
  key: number;
  depth: number;
  atStart: Float64Array;
  atEnd: Float64Array;
}

export class BrownianTree {
  /** From the whole interval down to the last point; the next is usually near. */
  #path: Interval[];

  /**
   * The motion from `start`, where it is 0, to `end`.
   * @param size values at each point
   * @param seed `entropy` of torchsde, a non-negative safe integer
   */
  constructor(
    start: number,
    end: number,
    private readonly size: number,
    private readonly seed: number,
  ) {
    const [first = 0] = seedSequence(seed, [], POOL_SIZE, 1);
    const spread = Math.sqrt(end - start);
    const atEnd = Float64Array.from(new TorchGenerator(first).randn(size), (value) => value * spread);
    const atStart = new Float64Array(size);
    this.#path = [{ start: rounded(start), end: rounded(end), key: 0, depth: 0, atStart, atEnd }];
  }

  /** The motion at a point of the interval; a point outside counts as the nearer end. */
  at(point: number): Float64Array {
    const [whole] = this.#path;
    if (!whole) return new Float64Array(this.size);
    const target = Math.min(Math.max(rounded(point), whole.start), whole.end);
    let interval = whole;
    while (this.#path.length > 1) {
      const deepest = this.#path[this.#path.length - 1] ?? whole;
      if (deepest.start <= target && target <= deepest.end) {
        interval = deepest;
        break;
      }
      this.#path.pop();
    }
    while (target !== interval.start && target !== interval.end) {
      interval = this.#half(interval, target);
      this.#path.push(interval);
    }
    return target === interval.start ? interval.atStart : interval.atEnd;
  }

  /** The half that contains the target. */
  #half({ start, end, key, depth, atStart, atEnd }: Interval, target: number): Interval {
    const middle = rounded(0.5 * (end + start));
    const [seed = 0] = seedSequence(this.seed, [key, depth], POOL_SIZE, 1);
    const noise = new TorchGenerator(seed).randn(this.size);
    const share = (middle - start) / (end - start);
    const spread = Math.sqrt((middle - start) * (1 - share));
    const atMiddle = atStart.map(
      (value, i) => value + share * ((atEnd[i] ?? 0) - value) + spread * (noise[i] ?? 0),
    );
    return target <= middle
      ? { start, end: middle, key: 2 * key, depth: depth + 1, atStart, atEnd: atMiddle }
      : { start: middle, end, key: 2 * key + 1, depth: depth + 1, atStart: atMiddle, atEnd };
  }
}

/** Python's `round(value, 6)`. */
function rounded(value: number): number {
  // Half-way cases go to the even digit; toFixed rounds them up. Only odd multiples of 1/128 are such cases.
  if (Math.abs(value * 128) % 2 === 1) {
    const lower = Math.floor(value * 10 ** DIGITS);
    return Number(`${lower % 2 === 0 ? lower : lower + 1}e-${DIGITS}`);
  }
  return Number(value.toFixed(DIGITS));
}
