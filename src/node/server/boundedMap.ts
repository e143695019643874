/** A map with limits of size and time. */

export interface RememberedOptions {
  /** Beyond this number the oldest entries are forgotten. */
  most: number;
  /** Each entry is forgotten after this many milliseconds. */
  ms: number;
  now?: () => number;
}

/** Forgets old entries. It has one timer for all, since a timer for each would keep values alive that the map has dropped. */
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

  /** A map keeps insertion order and all entries live equally long, so the first expire first. */
  #sweep(): void {
    for (const [key, { until }] of this.#entries) {
      if (until > this.#options.now()) return;
      this.#entries.delete(key);
    }
  }
}
