/** LoRAs as the user enters them, and what the check says about them. */
import { type AddOnSetting, addOnProblem, emptyAddOn, namedAddOns } from './addOns';

export interface LoraSetting extends AddOnSetting {
  /** As typed; blank is 1. */
  weight: string;
}

export const emptyLora = (): LoraSetting => ({ ...emptyAddOn(), weight: '' });

/** The rows as the contract's options, not yet checked; rows without a name count as absent. */
export function enteredLoras(loras: readonly LoraSetting[]): { source: string | File; weight?: number }[] {
  return namedAddOns(loras).map(({ source, weight }) => ({
    source,
    ...(weight.trim() !== '' && { weight: Number(weight) }),
  }));
}

/** @param issue the schema's, with its path from the list on */
export const loraProblem = (issue: { path: PropertyKey[]; message: string }): string =>
  addOnProblem('LoRA', 'weight', issue);
