/** The browser as a host's platform: ONNX Runtime on WebGPU or WASM, models in the origin's private file system. */
import type { EngineStatus, ProviderChoice } from '../contract/engine';
import { STARTER } from '../contract/schema';
import type { Platform } from '../host/platform';
import { httpFiles } from '../model/files';
import { createMemoryGuard } from '../model/memoryGuard';
import type { VerdictStore } from '../model/runtime/canary';
import { openBrowserRuntime } from '../model/runtime/runtime';
import { weightStoreHere } from '../storage/weightsOpfs';
import { encodePng, readImage, toBitmap } from './codecs';
import { openDigestInWorker } from './digestClient';
import { createFillInWorker } from './fillClient';
import { turn } from './turn';

/** Half a second's reading and more, also from this device. */
const starterWeights = [
  'text_encoder/model.safetensors',
  'unet/diffusion_pytorch_model.safetensors',
  'vae/diffusion_pytorch_model.safetensors',
];

export interface BrowserOptions {
  /** The page's URL; the starter model is served beside it. */
  baseUrl: string;
  provider: ProviderChoice;
  hubUrl?: string | undefined;
  onStatus(status: EngineStatus): void;
  /** What was learnt about this device, kept between visits. */
  verdicts: VerdictStore;
}

export function browserPlatform({ baseUrl, provider, hubUrl, onStatus, verdicts }: BrowserOptions): Platform {
  const starterUrl = new URL('models/starter/', baseUrl).href;
  return {
    async openRuntime() {
      const runtime = await openBrowserRuntime(provider, { onStatus, verdicts });
      const { deviceMemory } = navigator as { deviceMemory?: number };
      return { runtime, guard: createMemoryGuard(runtime, { kept: verdicts, machine: { deviceMemory } }) };
    },
    store: weightStoreHere(),
    hub: { url: hubUrl },
    starter: { files: httpFiles(STARTER, starterUrl), ahead: starterWeights, source: async () => starterUrl },
    async measure(field, source, signal) {
      // Browsers tell an image's size only by decoding it.
      const pixels = await readImage(field, source, signal);
      return { width: pixels.width, height: pixels.height, decode: async () => pixels };
    },
    encode: encodePng,
    preview: toBitmap,
    turn,
    fill: createFillInWorker(),
    openDigest: openDigestInWorker,
  };
}
