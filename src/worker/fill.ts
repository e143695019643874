/** A worker that only fills holes, so that it can go on while the engine's thread runs a model. */
import { NothingLeftError } from '../image/fill/errors';
import { fillHole } from '../image/fill/fillHole';
import type { Mask, Pixels } from '../image/raster';

/** One at a time. */
export interface ToFill {
  image: Pixels;
  hole: Mask;
  seed: number;
}

export type FromFill = { pixels: Pixels } | { error: string; nothingLeft: boolean };

const scope = self as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = ({ data: { image, hole, seed } }: MessageEvent<ToFill>) => {
  fillHole(image, hole, { seed }).then(
    (pixels) => scope.postMessage({ pixels } satisfies FromFill, [pixels.data.buffer]),
    (error: unknown) =>
      scope.postMessage({
        error: error instanceof Error ? error.message : String(error),
        nothingLeft: error instanceof NothingLeftError,
      } satisfies FromFill),
  );
};
