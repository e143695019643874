/** The settings as a draft stores them, and which of them can be restored. */
import type { Settings } from '../settings/settings';

/** Everything except the user's own files, which a reloaded page no longer has. */
export function keptSettings(settings: Settings): Record<string, unknown> {
  const entries = Object.entries(settings).map(([field, value]) => [
    field,
    Array.isArray(value) ? value.filter(isPlainRow) : value,
  ]);
  return Object.fromEntries(entries);
}

/** A LoRA or an embedding by its name: only words and numbers. */
function isPlainRow(row: unknown): boolean {
  if (typeof row !== 'object' || row === null || !('source' in row) || typeof row.source !== 'string')
    return false;
  return Object.values(row).every((value) => typeof value === 'string' || typeof value === 'number');
}

/** What fits the current fields: an earlier version of the page may have had others. */
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
