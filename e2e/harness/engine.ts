/** The local engine without the page, for tests that need options which the page does not offer. */
import { type LocalEngine, parseLocalOptions, parseRequest } from '../../src/contract/engine';
import type { InpaintInput, LocalOptionsInput } from '../../src/contract/schema';
import { createLocalEngine } from '../../src/engine/local';

export interface EngineHarness {
  /**
   * Opens one engine for all runs from now on.
   * @param hubUrl where models named by id come from; absent: Hugging Face
   */
  start(provider: 'wasm' | 'webgpu', hubUrl?: string): void;
  /** @returns the picture as a data URL */
  paint(request: InpaintInput, options: LocalOptionsInput): Promise<string>;
}

declare global {
  interface Window {
    engineHarness?: EngineHarness;
  }
}

let engine: LocalEngine | undefined;

window.engineHarness = {
  start(provider, hubUrl) {
    engine = createLocalEngine({ provider, hubUrl });
  },
  async paint(request, options) {
    if (engine === undefined) throw new Error('start first');
    const result = await engine.inpaint(parseRequest(request), parseLocalOptions(options), {
      signal: new AbortController().signal,
      onProgress(progress) {
        if (progress.stage === 'denoise') progress.preview?.close();
      },
    });
    const blob = await (await fetch(result.image.url)).blob();
    URL.revokeObjectURL(result.image.url);
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(blob);
    });
  },
};
