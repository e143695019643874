/** What the server keeps in mind of the past, within bounds of count and time. */

export interface RememberedOptions {
  /** Beyond so many the oldest are forgotten. */
  most: number;
  /** Each is forgotten after so many milliseconds. */
  ms: number;
  now?: () => number;
}

/** A map that forgets. It keeps no timer for each value: such a timer would hold what the map has long let go of. */
export class Remembered<Value> {
  readonly #entries = new Map<string, { value: Value; until: number }>();
  readonly #options: Required<RememberedOptions>;

  constructor(options: RememberedOptions) {
    this.#options = { now: Date.now, ...options };
    const pace = Math.min(60_000, Math.max(1000, options.ms / 2));
    setInterval(() => this.#sweep(), pace).unref();
  }

  get size(): number {
    return this.#entries.size;
  }

  set(key: string, value: Value): void {
    const { most, ms, now } = this.#options;
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: now() + ms });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= most) break;
      this.#entries.delete(oldest);
    }
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.until <= this.#options.now() ? undefined : entry.value;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** A map keeps the order of insertion, and all have the same time: the first are over first. */
  #sweep(): void {
    for (const [key, { until }] of this.#entries) {
      if (until > this.#options.now()) return;
      this.#entries.delete(key);
    }
  }
}
