/** The settings as a draft keeps them, and what of them can be put back. */
import type { Settings } from '../settings/settings';

/** All but what are files of the person's own: a page that is loaded anew has them no longer. */
export function keptSettings(settings: Settings): Record<string, unknown> {
  const entries = Object.entries(settings).map(([field, value]) => [
    field,
    Array.isArray(value) ? value.filter(isPlainRow) : value,
  ]);
  return Object.fromEntries(entries);
}

/** A LoRA or an embedding by its name: words and numbers alone. */
function isPlainRow(row: unknown): boolean {
  if (typeof row !== 'object' || row === null || !('source' in row) || typeof row.source !== 'string')
    return false;
  return Object.values(row).every((value) => typeof value === 'string' || typeof value === 'number');
}

/** What fits the fields as they are now: a former version of the page may have had others. */
export function settingsOfDraft(kept: Record<string, unknown>, now: Settings): Partial<Settings> {
  const fitting = Object.entries(kept).filter(([field, value]) => {
    if (!Object.hasOwn(now, field)) return false;
    const { [field as keyof Settings]: present } = now;
    return Array.isArray(present)
      ? Array.isArray(value) && value.every(isPlainRow)
      : typeof value === typeof present;
  });
  return Object.fromEntries(fitting) as Partial<Settings>;
}
