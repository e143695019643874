/** The content-aware fill as a model: what a look-up would say of it. */
import type { ModelDetails, ModelSizes } from './modelLibrary';
import { FILL } from './schema';

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
