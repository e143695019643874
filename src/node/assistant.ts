/** The assistant under Node: the model's files come from their npm package, ONNX Runtime's from its own. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type AssistantCore, createAssistantCore } from '../assist/assistant';
import type { AssistImage } from '../assist/cutMask';
import { minisam } from '../assist/minisam';
import { builtInSegmenter } from '../assist/registry';
import { cropPixels, type Pixels } from '../image/raster';
import { openNodeRuntime } from '../model/runtime/ortNode';

/** @param threads CPU threads */
export function createNodeAssistant(threads: number): AssistantCore {
  return createAssistantCore({
    async openSegmenter() {
      const { ort } = await openNodeRuntime(threads);
      const folder = dirname(createRequire(import.meta.url).resolve(minisam.package));
      return builtInSegmenter.open(ort, async (name) => {
        const { source } = minisam.files[name as keyof typeof minisam.files];
        return new Uint8Array(await readFile(join(folder, source)));
      });
    },
  });
}

/** An image that is in memory as a whole. */
export function imageOfPixels(pixels: Pixels): AssistImage {
  return { width: pixels.width, height: pixels.height, read: (rect) => cropPixels(pixels, rect) };
}
