/**
 * torch's CPU generator, bit for bit: Mersenne Twister 19937 and the two ways in which `torch.randn` turns its
 * words into normal values. A seed then gives the image that diffusers gives with `torch.Generator('cpu')`.
 *
 * Source: ATen/native/cpu/DistributionTemplates.h (normal_fill, its AVX2 form) and ATen/core/MT19937RNGEngine.h.
 */

const WORDS = 624;
const SHIFT = 397;
/** From here on torch fills in blocks of 16 with float32 arithmetic; below, value by value with doubles. */
const VECTOR_SIZE = 16;

const { fround } = Math;
/** a·b + c rounded once, as a fused multiply-add: the double product of two floats is exact. */
const fma = (a: number, b: number, c: number) => fround(a * b + c);

/** `torch.Generator('cpu')`, as far as `torch.randn` reads it. */
export class TorchGenerator {
  readonly #state = new Uint32Array(WORDS);
  #next = WORDS;
  /** The second value of the last double-precision pair; calls for 16 values or more do not touch it. */
  #spare: number | undefined;

  /** @param seed a non-negative safe integer; as in torch only its low 32 bits count */
  constructor(seed: number) {
    const state = this.#state;
    let word = seed >>> 0; // ToUint32 is the exact remainder by 2³², also beyond 2³²
    state[0] = word;
    for (let j = 1; j < WORDS; j++) {
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + j) >>> 0;
      state[j] = word;
    }
  }

  /** `torch.randn(n, generator=…, dtype=torch.float32)`: the next n normal values. */
  randn(n: number): Float32Array {
    return n < VECTOR_SIZE ? this.#randnScalar(n) : this.#randnVector(n);
  }

  #random32(): number {
    if (this.#next === WORDS) this.#twist();
    let y = this.#state[this.#next++] ?? 0;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < WORDS; i++) {
      const current = state[i] ?? 0;
      const following = state[(i + 1) % WORDS] ?? 0;
      const mixed = (current & 0x80000000) | (following & 0x7fffffff);
      state[i] = (state[(i + SHIFT) % WORDS] ?? 0) ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }

  /** 53 random bits in [0, 1), the high word drawn first. */
  #uniformDouble(): number {
    const high = this.#random32() & 0x1fffff;
    const low = this.#random32();
    return (high * 2 ** 32 + low) / 2 ** 53;
  }

  #randnScalar(n: number): Float32Array {
    const out = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      if (this.#spare !== undefined) {
        out[i] = this.#spare;
        this.#spare = undefined;
        continue;
      }
      const u1 = this.#uniformDouble();
      const u2 = this.#uniformDouble();
      const radius = Math.sqrt(-2 * Math.log1p(-u2));
      const angle = 2 * Math.PI * u1;
      out[i] = radius * Math.cos(angle);
      this.#spare = radius * Math.sin(angle);
    }
    return out;
  }

  #randnVector(n: number): Float32Array {
    const out = new Float32Array(n);
    for (let i = 0; i < n; i++) out[i] = this.#uniformFloat();
    for (let block = 0; block + VECTOR_SIZE <= n; block += VECTOR_SIZE) boxMuller(out, block);
    if (n % VECTOR_SIZE !== 0) {
      // The last 16 values are drawn again, overlapping the last whole block.
      const block = n - VECTOR_SIZE;
      for (let i = block; i < n; i++) out[i] = this.#uniformFloat();
      boxMuller(out, block);
    }
    return out;
  }

  /** 24 random bits in [0, 1). */
  #uniformFloat(): number {
    return (this.#random32() & 0xffffff) / 2 ** 24;
  }
}

const TWO_PI = fround(2 * Math.PI);

/** Turns 16 uniform values at `block` into normal ones: eight radii, eight angles. */
function boxMuller(values: Float32Array, block: number): void {
  for (let j = 0; j < VECTOR_SIZE / 2; j++) {
    const u1 = fround(1 - (values[block + j] ?? 0));
    const u2 = values[block + j + VECTOR_SIZE / 2] ?? 0;
    const radius = fround(Math.sqrt(fround(-2 * logf(u1))));
    const [sine, cosine] = sincosf(fround(TWO_PI * u2));
    values[block + j] = radius * cosine;
    values[block + j + VECTOR_SIZE / 2] = radius * sine;
  }
}

const word = new DataView(new ArrayBuffer(4));
const SQRT_HALF = fround(Math.SQRT1_2);
const LOG_COEFFICIENTS = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(fround);
const LN2_LOW = fround(-2.1219444e-4);
const LN2_HIGH = fround(0.693359375);

/** Cephes' natural logarithm in float32, as torch's AVX2 kernel evaluates it; x in (0, 1]. */
function logf(value: number): number {
  word.setFloat32(0, value);
  const bits = word.getUint32(0);
  let exponent = (bits >>> 23) - 126;
  word.setUint32(0, (bits & 0x007fffff) | 0x3f000000); // the mantissa as a number in [0.5, 1)
  let x = word.getFloat32(0);
  if (x < SQRT_HALF) {
    exponent -= 1;
    x = fround(fround(x - 1) + x);
  } else {
    x = fround(x - 1);
  }
  const z = fround(x * x);
  let y = horner(LOG_COEFFICIENTS, x);
  y = fround(y * x);
  y = fma(y, z, fround(exponent * LN2_LOW));
  y = fround(y - fround(z * 0.5));
  return fround(fround(x + y) + fround(exponent * LN2_HIGH));
}

const FOUR_OVER_PI = fround(1.27323954473516);
const PI_4_HIGH = fround(-0.78515625);
const PI_4_MIDDLE = fround(-2.418756484985e-4);
const PI_4_LOW = fround(-3.774894977446e-8);
const COS_COEFFICIENTS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(fround);
const SIN_COEFFICIENTS = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(fround);

/** Cephes' sine and cosine in float32, as torch's AVX2 kernel evaluates them; angle in [0, 2π]. */
function sincosf(angle: number): [sine: number, cosine: number] {
  const octant = (Math.trunc(fround(angle * FOUR_OVER_PI)) + 1) & ~1;
  let x = fma(octant, PI_4_HIGH, angle);
  x = fma(octant, PI_4_MIDDLE, x);
  x = fma(octant, PI_4_LOW, x);
  const z = fround(x * x);
  let cosine = fround(horner(COS_COEFFICIENTS, z) * z);
  cosine = fround(fma(cosine, z, -fround(z * 0.5)) + 1);
  const sine = fma(fround(horner(SIN_COEFFICIENTS, z) * z), x, x);
  const swap = (octant & 2) !== 0;
  const s = swap ? cosine : sine;
  const c = swap ? sine : cosine;
  return [octant & 4 ? -s : s, ~(octant - 2) & 4 ? -c : c];
}

/** A polynomial with its highest coefficient first, one fused multiply-add a term. */
function horner(coefficients: readonly number[], x: number): number {
  let y = 0;
  for (const coefficient of coefficients) y = fma(y, x, coefficient);
  return y;
}
