/** The content-aware fill as a removal model: it needs no weights and no runtime, and works at the image's own resolution. */
import { InputError } from '../contract/errors';
import { fillSizes } from '../contract/fill';
import { FILL } from '../contract/schema';
import { NothingLeftError } from '../image/fill/errors';
import { fillHole } from '../image/fill/fillHole';
import type { RemovalModel } from './model';

/** @param turn lets the thread hear that a run is cancelled */
export function createFill(turn: () => Promise<void>): RemovalModel {
  return {
    task: 'remove',
    name: FILL,
    ...fillSizes,
    async run(image, hole, { seed, signal, onProgress }) {
      try {
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
