/** The open model: only one at a time, kept with its cached results until another one is asked for. */
import type { Call } from '../contract/engine';
import { CheckpointError } from '../contract/errors';
import type { Size } from '../image/geometry';
import { InpaintCache } from '../pipeline/cache';
import type { Model } from '../pipeline/model';

export interface ModelSlot<Wanted, Opened> {
  /**
   * Opens the model unless it is open already. Call it only within `withCall`.
   * @param asked the size of the image to paint; undefined if that depends on the model
   */
  get(wanted: Wanted, asked: Size | undefined): Promise<Opened & { cache: InpaintCache }>;
  /** Runs `work` for a call: whatever is loaded meanwhile reports to that call and stops with it. */
  withCall<Result>(call: Call, work: () => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface ModelOpener<Wanted, Opened> {
  /** Equal for requests that one open model serves. */
  keyOf(wanted: Wanted): string;
  /** @param call lasts as long as the model and forwards to the current run */
  open(wanted: Wanted, asked: Size | undefined, call: Call): Promise<Opened>;
}

/** @param opener opens a model, and says which requests share one */
export function createModelSlot<Wanted, Opened extends { model: Model }>(
  opener: ModelOpener<Wanted, Opened>,
): ModelSlot<Wanted, Opened> {
  let kept: { key: string; opened: Opened & { cache: InpaintCache } } | undefined;
  // A model outlives the run that opened it, and loads its networks later on behalf of whichever run needs them.
  let current: Call | undefined;
  const currentCall: Call = {
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
    async get(wanted, asked) {
      const key = opener.keyOf(wanted);
      if (kept?.key !== key) {
        await close();
        const opened = await opener.open(wanted, asked, currentCall);
        kept = { key, opened: { ...opened, cache: new InpaintCache() } };
      }
      return kept.opened;
    },
    async withCall(call, work) {
      current = call;
      try {
        return await work();
      } catch (error) {
        // Its stored files are damaged; once repaired they are another model.
        if (error instanceof CheckpointError) await close();
        throw error;
      } finally {
        current = undefined;
      }
    },
    close,
  };
}
