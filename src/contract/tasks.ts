/** What models do with a mask: paint into it what a prompt says, or take away what is there. */
import { FILL } from './schema';

export const tasks = ['inpaint', 'remove'] as const;
export type Task = (typeof tasks)[number];

/** A model's task, as far as its name tells. */
export function taskOf(modelName: string): Task {
  return modelName.trim() === FILL ? 'remove' : 'inpaint';
}
