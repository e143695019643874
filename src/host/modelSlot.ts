/** The model that is open: one at a time, kept with what its runs left, until another is asked for. */
import type { Call } from '../contract/engine';
import { CheckpointError } from '../contract/errors';
import { InpaintCache } from '../pipeline/cache';
import type { Model } from '../pipeline/model';

export interface OpenedModel<Wanted, Opened> {
  /** What was asked for, opened if it is not, and what its runs left. Only within `during`. */
  get(wanted: Wanted): Promise<Opened & { cache: InpaintCache }>;
  /** Runs `work` for a call: what is loaded meanwhile reports to it and stops with it. */
  during<Result>(call: Call, work: () => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface ModelOpener<Wanted, Opened> {
  /** Equal for what one open model serves. */
  keyOf(wanted: Wanted): string;
  /** @param call lasts as long as the model and stands for the run of each moment */
  open(wanted: Wanted, call: Call): Promise<Opened>;
}

/** @param opener what opens a model, and tells which requests share one */
export function createOpenedModel<Wanted, Opened extends { model: Model }>(
  opener: ModelOpener<Wanted, Opened>,
): OpenedModel<Wanted, Opened> {
  let kept: { key: string; opened: Opened & { cache: InpaintCache } } | undefined;
  // A model outlives the run that opened it; what it loads later belongs to the run of that moment.
  let current: Call | undefined;
  const moment: Call = {
    get signal() {
      return current?.signal ?? new AbortController().signal;
    },
    onProgress: (progress) => current?.onProgress(progress),
  };

  async function close(): Promise<void> {
    const closing = kept?.opened;
    kept = undefined;
    closing?.cache.dispose();
    await closing?.model.dispose();
  }

  return {
    async get(wanted) {
      const key = opener.keyOf(wanted);
      if (kept?.key !== key) {
        await close();
        const opened = await opener.open(wanted, moment);
        kept = { key, opened: { ...opened, cache: new InpaintCache() } };
      }
      return kept.opened;
    },
    async during(call, work) {
      current = call;
      try {
        return await work();
      } catch (error) {
        // What is stored of it is damaged, and will be another once it is mended.
        if (error instanceof CheckpointError) await close();
        throw error;
      } finally {
        current = undefined;
      }
    },
    close,
  };
}
