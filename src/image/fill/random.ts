/** Draws whole numbers from 0 to below `limit`. */
export type Draw = (limit: number) => number;

/**
 * Marsaglia's xorshift ("Xorshift RNGs", 2003): plain and quick, the same on every device.
 * @param seed any number; whole parts that are the same modulo 2³² give the same draws
 */
export function createDraw(seed: number): Draw {
  // Neighbouring seeds are spread apart by Knuth's multiplier; the generator's state must not be 0.
  let state = (Math.imul(seed | 0, 2654435761) + 88172645) >>> 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}
