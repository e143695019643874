/** What the rows of LoRAs and of embeddings have in common. */

export interface AddOnSetting {
  /** Tells rows apart while they are edited. */
  id: number;
  /** A name or a URL, or the user's own file. */
  source: string | File;
}

let nextId = 1;

/** A row that nothing has been entered in. */
export const emptyAddOn = (): AddOnSetting => ({ id: nextId++, source: '' });

/** Rows without a name count as absent. */
export function namedAddOns<Row extends AddOnSetting>(rows: readonly Row[]): Row[] {
  return rows.filter(({ source }) => typeof source !== 'string' || source.trim() !== '');
}

/**
 * What the schema found, as a sentence.
 * @param noun for one row, such as “LoRA”
 * @param part the field of a row that is named if the issue is about it
 * @param issue the schema's, its path beginning with the name of the list
 */
export function addOnProblem(
  noun: string,
  part: string,
  { path, message }: { path: PropertyKey[]; message: string },
): string {
  const [, row, field] = path;
  if (typeof row !== 'number') return `${noun}s: ${message}.`;
  return `${noun} ${row + 1}: ${field === part ? `its ${part === 'token' ? 'word' : part} ` : ''}${message}.`;
}
