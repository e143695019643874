/** LoRAs as a person enters them, and their check against the options' schema. */
import { type LoraOption, localOptionsSchema } from '../../contract/schema';

export interface LoraSetting {
  /** Tells rows apart while they are edited. */
  id: number;
  /** A name or an address, or the person's own file. */
  source: string | File;
  /** As typed; blank is 1. */
  weight: string;
}

let nextId = 1;

export function emptyLora(): LoraSetting {
  return { id: nextId++, source: '', weight: '' };
}

/** Rows without a name count as not there. @returns the option, or what is wrong with the first row that is */
export function checkLoras(
  loras: readonly LoraSetting[],
): { checked: LoraOption[]; error?: undefined } | { checked?: undefined; error: string } {
  const entered = loras.filter(({ source }) => typeof source !== 'string' || source.trim() !== '');
  const options = entered.map(({ source, weight }) => ({
    source,
    ...(weight.trim() === '' ? {} : { weight: Number(weight) }),
  }));
  const parsed = localOptionsSchema.shape.loras.safeParse(options);
  if (parsed.success) return { checked: parsed.data ?? [] };
  const issue = parsed.error.issues[0];
  const [row] = issue?.path ?? [];
  if (typeof row !== 'number') return { error: `LoRAs: ${issue?.message ?? 'are not valid'}.` };
  const field = issue?.path[1] === 'weight' ? 'its weight ' : '';
  return { error: `LoRA ${row + 1}: ${field}${issue?.message ?? 'is not valid'}.` };
}
