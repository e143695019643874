/** LoRAs as the user enters them, and what the check says about them. */

export interface LoraSetting {
  /** Tells rows apart while they are edited. */
  id: number;
  /** A name or a URL, or the user's own file. */
  source: string | File;
  /** As typed; blank is 1. */
  weight: string;
}

let nextId = 1;

export function emptyLora(): LoraSetting {
  return { id: nextId++, source: '', weight: '' };
}

/** The rows as the contract's options, not yet checked; rows without a name count as absent. */
export function enteredLoras(loras: readonly LoraSetting[]): { source: string | File; weight?: number }[] {
  return loras
    .filter(({ source }) => typeof source !== 'string' || source.trim() !== '')
    .map(({ source, weight }) => ({ source, ...(weight.trim() !== '' && { weight: Number(weight) }) }));
}

/** @param issue the schema's, with its path from the list on */
export function loraProblem({ path, message }: { path: PropertyKey[]; message: string }): string {
  const [, row, part] = path;
  if (typeof row !== 'number') return `LoRAs: ${message}.`;
  return `LoRA ${row + 1}: ${part === 'weight' ? 'its weight ' : ''}${message}.`;
}
