/** What models do with a mask: paint into it what a prompt says, or take away what is there. */
import type { ModelSizes } from './modelLibrary';
import { FILL } from './schema';

export const tasks = ['inpaint', 'remove'] as const;
export type Task = (typeof tasks)[number];

/** The sizes of `fill`: the image's own, and at least so much of it that there is something to continue. */
export const fillSizes = { nativeSize: 256, ownScale: true } as const satisfies ModelSizes;

/** A model's task, as far as its name tells. */
export function taskOf(modelName: string): Task {
  return modelName.trim() === FILL ? 'remove' : 'inpaint';
}
