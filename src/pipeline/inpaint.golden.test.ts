import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenPictures, paintGolden } from '../../test/support/goldenPictures';
import { loadDiffusion } from '../../test/support/loadDiffusion';
import type { Runtime } from '../model/runtime/session';
import { folderFiles } from '../node/folder';
import { createNodeRuntime } from '../node/ort';
import { InpaintCache } from './inpaint';
import type { DiffusionModel } from './model';

// Made by `python tools/goldens/pictures.py` (diffusers 0.36.0, float32), compared on WASM float32. Measured: 72 dB and
// more. Measured with diffusers itself, all below the threshold: a guidance of 7.4 in place of 7.5 (52 dB), an input picture
// one level brighter (55 dB), one more step (22 dB), another prompt (21 dB), another seed (9 dB). Of SDXL: the embeddings of
// an empty negative prompt in place of zeros (12 dB), the positive's pooled embedding for both rows (21 dB), width before
// height in the sizes (28 dB), a steps_offset of 1 for 0 (30 dB). Of prompts: cut at 77 tokens (14 dB), without weights (16
// dB), with weights but without restoring the mean (19 dB).
const MIN_PSNR_DB = 60;

describe('inpaint against diffusers', () => {
  let runtime: Runtime;
  const opened = new Map<string, { model: DiffusionModel; cache: InpaintCache }>();

  beforeAll(async () => {
    runtime = await createNodeRuntime(1);
  });
  afterAll(async () => {
    for (const { model, cache } of opened.values()) {
      cache.dispose();
      await model.dispose();
    }
  });

  async function open(name: string) {
    const known = opened.get(name);
    if (known) return known;
    const call = { signal: new AbortController().signal, onProgress: () => {} };
    const model = await loadDiffusion(folderFiles(`goldens/models/${name}`), runtime, call);
    const entry = { model, cache: new InpaintCache() };
    opened.set(name, entry);
    return entry;
  }

  for (const golden of goldenPictures) {
    const what = `${golden.model}, ${golden.scheduler ?? 'own scheduler'}, ${golden.width}×${golden.height}`;
    it(`${golden.name}: ${what}, guidance ${golden.guidance}, strength ${golden.strength}`, async () => {
      const { model, cache } = await open(golden.model);
      const ratio = await paintGolden(model, golden, cache);
      console.info(`${golden.name}: ${ratio.toFixed(1)} dB`);
      expect(ratio, 'dB').toBeGreaterThan(MIN_PSNR_DB);
    });
  }
});
