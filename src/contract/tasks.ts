/** What models do with a mask: paint into it what a prompt says, or take away what is there. */
import type { ModelDetails, ModelSizes } from './modelLibrary';
import { FILL } from './schema';

export const tasks = ['inpaint', 'remove'] as const;
export type Task = (typeof tasks)[number];

/** The sizes of `fill`: the image's own, and at least so much of it that there is something to continue. */
export const fillSizes = { nativeSize: 256, ownScale: true, removes: true } as const satisfies ModelSizes;

/** What a look-up of `fill` says: nothing has to be looked up. */
export const fillDetails: ModelDetails = {
  ...fillSizes,
  name: FILL,
  location: FILL,
  family: 'fill',
  isInpainting: true,
  precision: 'fp32',
  state: 'embedded',
  totalBytes: 0,
  notes: [],
};

/** A model's task, as far as its name tells. */
export function taskOf(modelName: string): Task {
  return modelName.trim() === FILL ? 'remove' : 'inpaint';
}
