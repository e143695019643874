/** CLIPSeg: how much each place of an image looks like what a text names. */
import type { Tensor } from '@huggingface/transformers';
import { CheckpointError } from '../../contract/errors';
import type { Size } from '../../image/geometry';
import type { Pixels } from '../../image/raster';
import { scalePixels } from '../../image/scale';
import type { OrtModule } from '../../model/runtime/session';
import type { SelectorFiles } from '../../model/selectors/open';
import { withLibrary } from './library';
import { imageOf } from './samModel';

/** A grid over the whole image. */
export interface HeatMap extends Size {
  /** 0 … 1. */
  data: Float32Array;
}

export interface Namer {
  /** Takes a second or more. @param pixels opaque, sRGB, of any size */
  find(pixels: Pixels, text: string): Promise<HeatMap>;
  dispose(): Promise<void>;
}

interface ClipSegLike {
  dispose(): Promise<unknown>;
  (inputs: Record<string, Tensor>): Promise<{ logits: Tensor }>;
}
interface ImageProcessor {
  image_processor?: { size?: { width?: number; height?: number } };
  (image: unknown): Promise<{ pixel_values: Tensor }>;
}
type Tokenizer = (
  texts: string[],
  options: { padding: boolean; truncation: boolean },
) => { input_ids: Tensor; attention_mask: Tensor };

/** Published: 352. */
const MAX_SIDE = 1024;

/**
 * @param ort what runs the graph; absent under Node
 * @throws CheckpointError if it is of another form
 */
export async function openClipSeg(files: SelectorFiles, ort: OrtModule | undefined): Promise<Namer> {
  const { title } = files.offer;
  const { library, model, processor, tokenizer } = await withLibrary(
    files,
    ort,
    async (library, id, options) => ({
      library,
      model: (await library.CLIPSegForImageSegmentation.from_pretrained(
        id,
        options,
      )) as unknown as ClipSegLike,
      processor: (await library.AutoProcessor.from_pretrained(id)) as unknown as ImageProcessor,
      tokenizer: (await library.AutoTokenizer.from_pretrained(id)) as unknown as Tokenizer,
    }),
  );
  const { width = 0, height = 0 } = processor.image_processor?.size ?? {};
  if (![width, height].every((side) => Number.isInteger(side) && side > 0 && side <= MAX_SIDE)) {
    throw new CheckpointError(`selector "${title}": its preprocessor_config.json names no size`);
  }
  return {
    async find(pixels, text) {
      const { pixel_values } = await processor(imageOf(library, scalePixels(pixels, { width, height })));
      // CLIP reads 77 tokens; what follows is cut off.
      const { input_ids, attention_mask } = tokenizer([text], { padding: true, truncation: true });
      const { logits } = await model({ input_ids, attention_mask, pixel_values });
      const [down = 0, across = 0] = logits.dims.slice(-2);
      if (!(logits.data instanceof Float32Array) || logits.data.length !== across * down || across === 0) {
        throw new CheckpointError(`selector "${title}": its graph gives no map of the image`);
      }
      return { width: across, height: down, data: logits.data.map((logit) => 1 / (1 + Math.exp(-logit))) };
    },
    async dispose() {
      await model.dispose();
    },
  };
}
