/** The hosted engine in a browser, without the page: the real client through this server's proxy. */
import { type Progress, parseLocalOptions, parseRequest } from '../../src/engine/engine';
import { encodeError } from '../../src/engine/errors';
import { createHostedEngine } from '../../src/engine/hosted';
import type { InpaintResult } from '../../src/engine/schema';

export interface HostedOutcome {
  result?: InpaintResult & { bytes: number };
  error?: { name: string; message: string; field?: string };
  progress: Progress[];
}

export interface HostedHarness {
  /** @param pictureBytes size of the picture that is made up and sent */
  run(given: { pictureBytes: number; cancelAt?: Progress['stage'] }): Promise<HostedOutcome>;
}

declare global {
  interface Window {
    hostedHarness?: HostedHarness;
  }
}

const engine = createHostedEngine({
  access: () => ({ kind: 'proxy', url: '/api/fal' }),
  pollMs: 50,
  reconnectMs: 50,
});

window.hostedHarness = {
  async run({ pictureBytes, cancelAt }) {
    const controller = new AbortController();
    const progress: Progress[] = [];
    const file = (size: number) => new Blob([new Uint8Array(size).fill(7)], { type: 'image/png' });
    const request = parseRequest({
      model_name: 'owner/name',
      prompt: 'a cat',
      image_url: file(pictureBytes),
      mask_url: file(100),
      seed: 5,
    });
    try {
      const result = await engine.inpaint(request, parseLocalOptions({}), {
        signal: controller.signal,
        onProgress(each) {
          progress.push(each);
          if (each.stage === cancelAt) controller.abort();
        },
      });
      const { size } = await (await fetch(result.image.url)).blob();
      URL.revokeObjectURL(result.image.url);
      return { result: { ...result, bytes: size }, progress };
    } catch (error) {
      return { error: encodeError(error), progress };
    }
  },
};
