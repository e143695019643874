/** The assistant under Node: the model's files come from their npm package, ONNX Runtime's from its own. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type AssistantCore, createAssistantCore } from '../assist/assistant';
import type { AssistImage } from '../assist/cutMask';
import { minisam } from '../assist/registry';
import { cropPixels, type Pixels } from '../image/raster';
import { openNodeRuntime } from '../model/runtime/ortNode';

/** What the package calls the files. */
const PACKAGE_FILES: Readonly<Record<string, string>> = {
  'encoder.onnx': 'encoder.onnx',
  'decoder.onnx': 'sam.onnx',
};

/** @param threads CPU threads */
export function createNodeAssistant(threads: number): AssistantCore {
  return createAssistantCore({
    async openSegmenter() {
      const { ort } = await openNodeRuntime(threads);
      return minisam.open(ort, async (name) => {
        const folder = dirname(createRequire(import.meta.url).resolve('minisam'));
        return new Uint8Array(await readFile(join(folder, PACKAGE_FILES[name] ?? name)));
      });
    },
  });
}

/** An image that is in memory as a whole. */
export function imageOfPixels(pixels: Pixels): AssistImage {
  return { width: pixels.width, height: pixels.height, read: (rect) => cropPixels(pixels, rect) };
}
