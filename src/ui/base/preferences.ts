/** Small choices about how the page looks, which this browser keeps from visit to visit. */

/** @returns null where nothing is kept, or storage is forbidden */
export function readPreference(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Where storage is forbidden the choice lasts as long as the page. */
export function writePreference(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // As said above.
  }
}
