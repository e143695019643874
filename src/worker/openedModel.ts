/** The model that is open: one at a time, kept with what its runs left, until another is asked for. */
import type { Call } from '../engine/engine';
import type { LoadCall } from '../model/load';
import { InpaintCache } from '../pipeline/cache';
import type { Model } from '../pipeline/components';

export interface OpenedModel {
  /** The model of that name, opened if it is not, and what its runs left. Only within `during`. */
  get(name: string): Promise<{ model: Model; cache: InpaintCache }>;
  /** Runs `work` for a call: what is loaded meanwhile reports to it and stops with it. */
  during<Result>(call: Call, work: () => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** @param open opens a model; its `call` lasts as long as the model and stands for the run of each moment */
export function createOpenedModel(open: (name: string, call: LoadCall) => Promise<Model>): OpenedModel {
  let opened: { name: string; model: Model; cache: InpaintCache } | undefined;
  // A model outlives the run that opened it; what it loads later belongs to the run of that moment.
  let current: Call | undefined;
  const loadCall: LoadCall = {
    get signal() {
      return current?.signal ?? new AbortController().signal;
    },
    onProgress: (progress) => current?.onProgress(progress),
  };

  async function close(): Promise<void> {
    const closing = opened;
    opened = undefined;
    closing?.cache.dispose();
    await closing?.model.dispose();
  }

  return {
    async get(name) {
      if (opened?.name === name) return opened;
      await close();
      opened = { name, model: await open(name, loadCall), cache: new InpaintCache() };
      return opened;
    },
    async during(call, work) {
      current = call;
      try {
        return await work();
      } finally {
        current = undefined;
      }
    },
    close,
  };
}
