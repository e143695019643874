/** Made at first use and kept; a failure is not kept, so the next use tries again. */

export interface Lazy<Value> {
  get(): Promise<Value>;
  /** Releases what was made. @returns it, or undefined if nothing was */
  forget(): Promise<Value> | undefined;
}

/** @param make called at first use, and at the first use after a failure or `forget` */
export function lazy<Value>(make: () => Promise<Value>): Lazy<Value> {
  let made: Promise<Value> | undefined;
  return {
    get() {
      if (made !== undefined) return made;
      const attempt = make();
      made = attempt;
      attempt.catch(() => {
        if (made === attempt) made = undefined;
      });
      return attempt;
    },
    forget() {
      const forgotten = made;
      made = undefined;
      return forgotten;
    },
  };
}

/** Disposed if it was made; the next use makes it again. */
export interface LazyDisposable<Value> {
  get(): Promise<Value>;
  dispose(): Promise<void>;
}

/** @param make as for {@link lazy} */
export function lazyDisposable<Value extends { dispose(): Promise<void> }>(
  make: () => Promise<Value>,
): LazyDisposable<Value> {
  const { get, forget } = lazy(make);
  return {
    get,
    async dispose() {
      const value = await forget()?.catch(() => undefined);
      await value?.dispose();
    },
  };
}
