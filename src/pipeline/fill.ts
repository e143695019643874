/** The content-aware fill as a removal model: it needs no weights and no runtime, and works at the image's own resolution. */
import { InputError } from '../contract/errors';
import { fillSizes } from '../contract/fill';
import { FILL } from '../contract/schema';
import { NothingLeftError } from '../image/fill/errors';
import { fillHole } from '../image/fill/fillHole';
import type { Mask, Pixels } from '../image/raster';
import type { RemovalCall, RemovalModel } from './model';

/** Completes a hole as `fillHole` does, on a thread of its own. @throws as it does; an AbortError after cancellation */
export type FillElsewhere = (
  image: Pixels,
  hole: Mask,
  call: Pick<RemovalCall, 'seed' | 'signal'>,
) => Promise<Pixels>;

/**
 * @param turn lets the thread hear that a run is cancelled
 * @param elsewhere fills in place of this thread; it tells no progress
 */
export function createFill(turn: () => Promise<void>, elsewhere?: FillElsewhere): RemovalModel {
  return {
    task: 'remove',
    name: FILL,
    ...fillSizes,
    async run(image, hole, { seed, signal, onProgress }) {
      try {
        if (elsewhere !== undefined) return await elsewhere(image, hole, { seed, signal });
        return await fillHole(image, hole, {
          seed,
          onProgress,
          async pause() {
            await turn();
            signal.throwIfAborted();
          },
        });
      } catch (error) {
        if (!(error instanceof NothingLeftError)) throw error;
        throw new InputError(
          'mask_url',
          'mask_url: nothing but transparency is around what is masked, so nothing can be continued; mask less, or take ' +
            'more of the image',
        );
      }
    },
    dispose: () => Promise.resolve(),
  };
}
