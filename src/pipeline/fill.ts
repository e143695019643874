/** The content-aware fill as a removal model: it needs no weights and no runtime, and works at the image's own resolution. */
import { InputError } from '../contract/errors';
import { fillSizes } from '../contract/fill';
import { FILL } from '../contract/schema';
import { NothingLeftError } from '../image/fill/errors';
import { fillHole } from '../image/fill/fillHole';
import { gapsIn } from '../image/gaps';
import type { Mask, Pixels } from '../image/raster';
import type { RemovalCall, RemovalModel } from './model';

/** Completes a hole as `fillHole` does, on a thread of its own. @throws as it does; an AbortError after cancellation */
export type FillElsewhere = (
  image: Pixels,
  hole: Mask,
  call: Pick<RemovalCall, 'seed' | 'signal'>,
) => Promise<Pixels>;

/**
 * Transparency around what is masked stays as it is; a transparent part that is masked whole becomes opaque.
 * @param turn lets the thread hear that a run is cancelled
 * @param elsewhere fills in place of this thread; it tells no progress
 */
export function createFill(turn: () => Promise<void>, elsewhere?: FillElsewhere): RemovalModel {
  const complete = (image: Pixels, hole: Mask, { seed, signal, onProgress }: RemovalCall) =>
    elsewhere !== undefined
      ? elsewhere(image, hole, { seed, signal })
      : fillHole(image, hole, {
          seed,
          onProgress,
          async pause() {
            await turn();
            signal.throwIfAborted();
          },
        });
  return {
    task: 'remove',
    name: FILL,
    ...fillSizes,
    async run(image, hole, call) {
      const gaps = gapsIn(image, hole);
      try {
        const filled = await complete(image, hole, call);
        gaps?.forEach((isGap, i) => {
          if (isGap === 1) filled.data[4 * i + 3] = 255;
        });
        return filled;
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
