/** The hosted engine in a browser, without the page: the real client through the server's proxy. */
import { type Progress, parseLocalOptions, parseRequest } from '../../src/contract/engine';
import { encodeError } from '../../src/contract/errors';
import type { InpaintResult } from '../../src/contract/schema';
import { createHostedEngine } from '../../src/engine/hosted';

export interface HostedGiven {
  /** Of the proxy. */
  url: string;
  /** Size of the picture that is made up and sent. */
  pictureBytes: number;
  cancelAt?: Progress['stage'];
}

export interface HostedOutcome {
  result?: InpaintResult & { bytes: number };
  error?: { name: string; message: string; field?: string };
  progress: Progress[];
}

declare global {
  interface Window {
    hostedHarness?: { run(given: HostedGiven): Promise<HostedOutcome> };
  }
}

window.hostedHarness = {
  async run({ url, pictureBytes, cancelAt }) {
    const engine = createHostedEngine({
      access: () => ({ kind: 'proxy', url }),
      pollMs: 50,
      reconnectMs: 50,
    });
    const controller = new AbortController();
    const progress: Progress[] = [];
    // Bytes that tell their place: (31 i) mod 251.
    const file = (size: number) =>
      new Blob([Uint8Array.from({ length: size }, (_, i) => (i * 31) % 251)], { type: 'image/png' });
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
