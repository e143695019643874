/** Reports a run's progress in order, with each preview as a bitmap. */
import type { Call, Progress } from '../contract/engine';
import type { Pixels } from '../image/raster';
import type { PipelineProgress } from '../pipeline/inpaint';

export interface ProgressReports {
  add(progress: PipelineProgress): void;
  /** Resolves once all that was added has been reported. */
  sent(): Promise<unknown>;
}

/** @param preview makes the bitmap; absent: previews are dropped */
export function reportTo(
  call: Call,
  preview: ((pixels: Pixels) => Promise<ImageBitmap>) | undefined,
): ProgressReports {
  if (preview === undefined) {
    return { add: (progress) => call.onProgress(withoutPreview(progress)), sent: () => Promise.resolve() };
  }
  // A bitmap takes time; later items wait for it.
  let tail: Promise<unknown> = Promise.resolve();
  const send = async (progress: PipelineProgress): Promise<void> => {
    if (progress.stage !== 'denoise' || progress.preview === undefined) {
      return call.onProgress(withoutPreview(progress));
    }
    call.onProgress({ ...progress, preview: await preview(progress.preview) });
  };
  return {
    add(progress) {
      tail = tail.catch(() => {}).then(() => send(progress));
      // A failed run does not ask for `sent`.
      tail.catch(() => {});
    },
    sent: () => tail,
  };
}

/** The same progress, without anything that has to be closed. */
export function withoutPreview(progress: PipelineProgress): Progress {
  if (progress.stage !== 'denoise') return progress;
  return { stage: 'denoise', step: progress.step, steps: progress.steps };
}
