import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenPicturesIn, paintGolden } from '../../../test/support/goldenPictures';
import { loadDiffusion } from '../../../test/support/loadDiffusion';
import { folderFiles } from '../../node/folder';
import { createNodeRuntime } from '../../node/ort';
import { InpaintCache } from '../../pipeline/inpaint';
import type { DiffusionModel } from '../../pipeline/model';
import { decodeLatents } from '../../pipeline/tiling';
import type { Runtime } from '../runtime/session';

const PICTURES = 'goldens/onnx/pictures';
// Made by `python tools/goldens/onnx_exports.py` (optimum-onnx 0.1.0, diffusers 0.36.0, float32), compared on WASM.
// Measured: 69 dB (float16) and more.
const MIN_PSNR_DB = 50;

describe('pictures of ONNX exports against diffusers', () => {
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

  it('go through the autoencoder in the tiles that the memory asks for', async () => {
    const call = { signal: new AbortController().signal, onProgress: () => {} };
    const model = await loadDiffusion(folderFiles('goldens/onnx/inpaint'), runtime, call);
    const vae = await model.vae();
    const size = { width: 12, height: 9 };
    const latents = Float32Array.from({ length: 4 * 12 * 9 }, (_, i) => Math.sin(i));
    const whole = await decodeLatents(vae, latents, size, call.signal);
    runtime.vaeTiles = { decoder: 64 };
    try {
      const tiled = await decodeLatents(vae, latents, size, call.signal);
      expect(tiled).toHaveLength(whole.length);
      expect(tiled.every(Number.isFinite)).toBe(true);
      // Each tile has its own group norms.
      expect(tiled).not.toEqual(whole);
    } finally {
      runtime.vaeTiles = {};
      await model.dispose();
    }
  });

  for (const golden of goldenPicturesIn(PICTURES)) {
    it(`${golden.name}: ${golden.width}×${golden.height}, strength ${golden.strength}`, async () => {
      const call = { signal: new AbortController().signal, onProgress: () => {} };
      const entry = opened.get(golden.model) ?? {
        model: await loadDiffusion(folderFiles(`goldens/onnx/${golden.model}`), runtime, call),
        cache: new InpaintCache(),
      };
      opened.set(golden.model, entry);
      const ratio = await paintGolden(entry.model, golden, entry.cache, PICTURES);
      console.info(`${golden.name}: ${ratio.toFixed(1)} dB`);
      expect(ratio, 'dB').toBeGreaterThan(MIN_PSNR_DB);
    });
  }
});
