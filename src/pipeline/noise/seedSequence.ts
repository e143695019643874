/**
 * numpy's SeedSequence: many independent generators' seeds from one, by hashing. Words are unsigned 32-bit.
 *
 * Source: numpy/random/bit_generator.pyx, after M. E. O'Neill's `seed_seq_fe`.
 */

const INIT_A = 0x43b0d7e5;
const MULT_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULT_B = 0x58f38ded;
const MIX_LEFT = 0xca01f9dd;
const MIX_RIGHT = 0x4973f715;

/**
 * `numpy.random.SeedSequence(entropy, spawn_key=spawnKey, pool_size=poolSize).generate_state(count)`.
 * @param entropy a non-negative safe integer, as are the numbers of `spawnKey`
 * @param spawnKey empty for the sequence itself
 */
export function seedSequence(
  entropy: number,
  spawnKey: readonly number[],
  poolSize: number,
  count: number,
): Uint32Array {
  const pool = mixedPool(assemble(entropy, spawnKey, poolSize), poolSize);
  let constant = INIT_B;
  return Uint32Array.from({ length: count }, (_, i) => {
    let word = (pool[i % poolSize] ?? 0) ^ constant;
    constant = Math.imul(constant, MULT_B);
    word = Math.imul(word, constant);
    return word ^ (word >>> 16);
  });
}

function assemble(entropy: number, spawnKey: readonly number[], poolSize: number): number[] {
  const own = words(entropy);
  if (spawnKey.length === 0) return own;
  const padding = new Array<number>(Math.max(0, poolSize - own.length)).fill(0);
  return [...own, ...padding, ...spawnKey.flatMap(words)];
}

/** A number's 32-bit words, the lowest first. */
function words(value: number): number[] {
  const high = Math.floor(value / 2 ** 32);
  return high === 0 ? [value >>> 0] : [value >>> 0, ...words(high)];
}

function mixedPool(entropy: readonly number[], poolSize: number): Uint32Array {
  let constant = INIT_A;
  const hash = (value: number): number => {
    let word = value ^ constant;
    constant = Math.imul(constant, MULT_A);
    word = Math.imul(word, constant);
    return word ^ (word >>> 16);
  };
  const mix = (x: number, y: number): number => {
    const word = (Math.imul(MIX_LEFT, x) - Math.imul(MIX_RIGHT, y)) | 0;
    return word ^ (word >>> 16);
  };

  const pool = Uint32Array.from({ length: poolSize }, (_, i) => hash(entropy[i] ?? 0));
  const blend = (to: number, value: number) => {
    pool[to] = mix(pool[to] ?? 0, hash(value));
  };
  for (let from = 0; from < poolSize; from++) {
    for (let to = 0; to < poolSize; to++) {
      if (from !== to) blend(to, pool[from] ?? 0);
    }
  }
  for (const value of entropy.slice(poolSize)) {
    for (let to = 0; to < poolSize; to++) blend(to, value);
  }
  return pool;
}
