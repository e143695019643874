/** One engine over several runs, with a mishap during one of them. */

import type { LocalEngine } from '../../src/contract/engine';
import { parseLocalOptions, parseRequest } from '../../src/contract/engine';
import { TooLargeError, type TooLargeFigures } from '../../src/contract/errors';
import type { InpaintInput, LocalOptionsInput } from '../../src/contract/schema';
import { createLocalEngine } from '../../src/engine/local';
import type { Mishap } from './memoryWorker';

export interface MemoryHarness {
  start(provider: 'wasm' | 'webgpu', hubUrl?: string): void;
  paint(
    request: InpaintInput,
    options: LocalOptionsInput,
    mishap?: Mishap,
  ): Promise<
    { picture: string } | { name: string; message: string; code?: string; figures?: TooLargeFigures }
  >;
}

declare global {
  interface Window {
    memoryHarness?: MemoryHarness;
  }
}

let engine: LocalEngine | undefined;
const mishaps = new BroadcastChannel('mishaps');

window.memoryHarness = {
  start(provider, hubUrl) {
    const spawn = () =>
      new Worker(new URL('./memoryWorker.ts', import.meta.url), { type: 'module', name: 'memory-harness' });
    engine = createLocalEngine({ provider, hubUrl, spawn });
  },
  async paint(request, options, mishap) {
    if (engine === undefined) throw new Error('start first');
    try {
      const { image } = await engine.inpaint(parseRequest(request), parseLocalOptions(options), {
        signal: new AbortController().signal,
        onProgress(progress) {
          if (progress.stage !== 'denoise') return;
          progress.preview?.close();
          if (progress.step === 1 && mishap !== undefined) mishaps.postMessage(mishap);
        },
      });
      const bytes = new Uint8Array(await (await fetch(image.url)).arrayBuffer());
      return { picture: btoa(String.fromCharCode(...bytes)) };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const { name, message } = error;
      return error instanceof TooLargeError
        ? { name, message, code: error.code, figures: error.figures }
        : { name, message };
    }
  },
};
