import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenLoraPictures, localLora, paintGolden } from '../../test/support/goldenPictures';
import { type TemporaryStore, temporaryStore } from '../../test/support/hub/hubServer';
import { loadDiffusion } from '../../test/support/loadDiffusion';
import { openMerged } from '../model/openWithLoras';
import { createProduct } from '../model/runtime/ortMatMul';
import type { Runtime } from '../model/runtime/session';
import { localSource } from '../node/folder';
import { createNodeRuntime } from '../node/ort';
import { InpaintCache } from './inpaint';

// Made by `python tools/goldens/loras.py` (diffusers 0.36.0 with peft 0.18.0, float32), compared on WASM float32.
// Without their LoRAs the pictures are 12
// to 25 dB away.
const MIN_PSNR_DB = 60;

describe('LoRAs against diffusers', () => {
  let runtime: Runtime;
  let temporary: TemporaryStore;

  beforeAll(async () => {
    runtime = await createNodeRuntime(1);
    temporary = await temporaryStore();
  });
  afterAll(() => temporary.remove());

  for (const golden of goldenLoraPictures) {
    const merged = golden.loras.map(([name, weight]) => `${weight} of ${name}`).join(', ');
    it(`${golden.name}: ${golden.model} with ${merged}, ${golden.scheduler ?? 'own scheduler'}`, async () => {
      const signal = new AbortController().signal;
      const loras = await Promise.all(
        golden.loras.map(async ([name, weight]) => ({ source: await localLora(name), weight })),
      );
      const base = await localSource(`goldens/models/${golden.model}`);
      const openProduct = () => createProduct(runtime);
      const options = { store: temporary.store, openProduct, signal, onProgress: () => {}, loras };
      const files = await openMerged(base, 'fp32', options);
      const model = await loadDiffusion(files, runtime, { signal, onProgress: () => {} });
      const cache = new InpaintCache();
      try {
        const ratio = await paintGolden(model, golden, cache);
        console.info(`${golden.name}: ${ratio.toFixed(1)} dB`);
        expect(ratio, 'dB').toBeGreaterThan(MIN_PSNR_DB);
      } finally {
        cache.dispose();
        await model.dispose();
      }
    });
  }
});
