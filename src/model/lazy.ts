/** What is made at first use and kept; a failure is not kept, so that the next use tries again. */

export interface Kept<Value> {
  get(): Promise<Value>;
  /** Lets go of what was made. @returns it, or undefined where nothing was */
  forget(): Promise<Value> | undefined;
}

/** @param make called at first use, and at the first after a failure or `forget` */
export function kept<Value>(make: () => Promise<Value>): Kept<Value> {
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
