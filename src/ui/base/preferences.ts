/** How the page looks, as this browser remembers it from visit to visit. */

/** @returns null if nothing is stored, or storage is forbidden */
export function readPreference(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** If storage is forbidden, the choice lasts until the page is left. */
export function writePreference(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Forbidden or full.
  }
}
