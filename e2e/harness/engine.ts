/** The local engine without the page, for tests that choose what the page does not let people choose. */
import { parseLocalOptions, parseRequest } from '../../src/engine/engine';
import { createLocalEngine } from '../../src/engine/local';
import type { InpaintInput, LocalOptionsInput } from '../../src/engine/schema';

export interface EngineHarness {
  /**
   * @param hubUrl where models by id come from; the real Hub where absent
   * @returns the picture as a data URL
   */
  paint(
    provider: 'wasm' | 'webgpu',
    request: InpaintInput,
    options: LocalOptionsInput,
    hubUrl?: string,
  ): Promise<string>;
}

declare global {
  interface Window {
    engineHarness?: EngineHarness;
  }
}

window.engineHarness = {
  async paint(provider, request, options, hubUrl) {
    const engine = createLocalEngine({ provider, hubUrl });
    try {
      const result = await engine.inpaint(parseRequest(request), parseLocalOptions(options), {
        signal: new AbortController().signal,
        onProgress(progress) {
          if (progress.stage === 'denoise') progress.preview?.close();
        },
      });
      const blob = await (await fetch(result.image.url)).blob();
      URL.revokeObjectURL(result.image.url);
      return await new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.onload = () => resolve(String(reader.result));
        reader.onerror = () => reject(reader.error);
        reader.readAsDataURL(blob);
      });
    } finally {
      await engine.dispose();
    }
  },
};
