/**
 * SAM and SAM 2 as exported for transformers.js: `vision_encoder` and `prompt_encoder_mask_decoder`, three masks for each
 * prompt. SlimSAM, SAM 2.1 and EdgeTAM have this form.
 */
import type { Tensor } from '@huggingface/transformers';
import { CheckpointError } from '../../contract/errors';
import type { Rect, Size } from '../../image/geometry';
import type { Pixels } from '../../image/raster';
import { flatten, IMAGE_BACKDROP, scalePixels } from '../../image/scale';
import type { OrtModule } from '../../model/runtime/session';
import type { SelectorFiles } from '../../model/selectors/open';
import {
  type Answer,
  candidatesOf,
  type Encoded,
  type Logits,
  type Segmenter,
  type SegmenterPrompt,
} from '../segmenter';
import { type Transformers, withLibrary } from './library';

interface HubEncoded extends Encoded {
  /** What the decoder reads of the image, by its inputs' names. */
  embeddings: Record<string, Tensor>;
}

/** What the library's models take and give. */
interface SamLike {
  get_image_embeddings(inputs: { pixel_values: Tensor }): Promise<Record<string, Tensor>>;
  sessions: Record<string, { inputNames: readonly string[] }>;
  dispose(): Promise<unknown>;
  (inputs: Record<string, Tensor>): Promise<{ pred_masks: Tensor; iou_scores: Tensor }>;
}

/** How the processor scales: SAM fits the longer side and pads, SAM 2 stretches to a square. */
interface SamProcessor {
  image_processor?: { size?: { longest_edge?: number; width?: number; height?: number } };
  (image: unknown): Promise<{ pixel_values: Tensor }>;
}

const LABEL = { exclude: 0n, include: 1n } as const;
/** Sides of the square that published encoders take: 1,024; tiny ones of tests have 64. */
const MAX_SIDE = 2048;

/**
 * @param ort what runs the graphs; absent under Node
 * @throws CheckpointError if it is of another form
 */
export async function openSamModel(
  files: SelectorFiles,
  ort: OrtModule | undefined,
): Promise<Segmenter<HubEncoded>> {
  const { title } = files.offer;
  const { library, model, processor } = await withLibrary(files, ort, async (library, id, options) => ({
    library,
    model: (await modelClass(library, files).from_pretrained(id, options)) as unknown as SamLike,
    processor: (await library.AutoProcessor.from_pretrained(id)) as unknown as SamProcessor,
  }));
  const size = processor.image_processor?.size;
  const side = size?.longest_edge ?? size?.width ?? 0;
  const isStretched = size?.longest_edge === undefined;
  if (!Number.isInteger(side) || side < 1 || side > MAX_SIDE || (isStretched && size?.height !== side)) {
    throw new CheckpointError(`selector "${title}": its preprocessor_config.json names no size of a square`);
  }
  const takesBoxes = model.sessions.prompt_encoder_mask_decoder?.inputNames.includes('input_boxes') ?? false;

  return {
    side,
    async encode(pixels) {
      const seen = isStretched ? scalePixels(pixels, { width: side, height: side }) : pixels;
      const { pixel_values } = await processor(imageOf(library, seen));
      const embeddings = await model.get_image_embeddings({ pixel_values });
      return { embeddings, size: { width: pixels.width, height: pixels.height } };
    },
    async decode({ embeddings, size }, prompt) {
      const inside = isStretched ? stretched(prompt, size, side) : prompt;
      const asked = takesBoxes ? inside : { points: withoutBox(inside) };
      const { pred_masks, iou_scores } = await model({ ...embeddings, ...inputsOf(library, asked) });
      return masksOf(title, pred_masks, iou_scores, ({ width, height }) => {
        if (isStretched) return { across: width, down: height };
        const cells = width / side;
        return { across: size.width * cells, down: size.height * cells };
      });
    },
    async dispose() {
      await model.dispose();
    },
  };
}

function modelClass(library: Transformers, { offer }: SelectorFiles) {
  switch (offer.kind) {
    case 'SamModel':
      return library.SamModel;
    case 'Sam2Model':
      return library.Sam2Model;
    case 'EdgeTamModel':
      return library.EdgeTamModel;
    default:
      throw new CheckpointError(`"${offer.title}" does not select what is clicked`);
  }
}

/** An opaque image for the library's processors, at the size that they would give it: they then only normalise. */
export function imageOf(library: Transformers, pixels: Pixels) {
  const { data, width, height } = flatten(pixels, IMAGE_BACKDROP);
  return new library.RawImage(data, width, height, 3);
}

function stretched({ points, box }: SegmenterPrompt, { width, height }: Size, side: number): SegmenterPrompt {
  const [across, down] = [side / width, side / height];
  return {
    points: points.map(({ x, y, include }) => ({ x: x * across, y: y * down, include })),
    box: box && { x: box.x * across, y: box.y * down, width: box.width * across, height: box.height * down },
  };
}

/**
 * Exports of SAM 1 take no boxes: its middle is in, its corners are out, since things touch a box's sides and not its corners.
 */
function withoutBox({ points, box }: SegmenterPrompt): SegmenterPrompt['points'] {
  if (box === undefined) return points;
  const { x, y, width, height } = box;
  const corners = [0, 1].flatMap((right) =>
    [0, 1].map((bottom) => ({ x: x + right * width, y: y + bottom * height, include: false })),
  );
  const isPointed = points.some(({ include }) => include);
  const middle = { x: x + width / 2, y: y + height / 2, include: true };
  return [...points, ...(isPointed ? [] : [middle]), ...corners];
}

function inputsOf(library: Transformers, { points, box }: SegmenterPrompt): Record<string, Tensor> {
  const inputs: Record<string, Tensor> = {};
  if (points.length > 0) {
    const places = Float32Array.from(points.flatMap(({ x, y }) => [x, y]));
    const labels = BigInt64Array.from(points, ({ include }) => LABEL[include ? 'include' : 'exclude']);
    inputs.input_points = new library.Tensor('float32', places, [1, 1, points.length, 2]);
    inputs.input_labels = new library.Tensor('int64', labels, [1, 1, points.length]);
  }
  if (box !== undefined) inputs.input_boxes = new library.Tensor('float32', cornersOf(box), [1, 1, 4]);
  return inputs;
}

const cornersOf = ({ x, y, width, height }: Rect) => Float32Array.from([x, y, x + width, y + height]);

/**
 * @param masks [1, 1, 3, h, w] logits @param scores [1, 1, 3]
 * @param covers how much of a grid the image covers
 */
function masksOf(
  title: string,
  masks: Tensor,
  scores: Tensor,
  covers: (grid: Size) => Pick<Logits, 'across' | 'down'>,
): Answer {
  const [height = 0, width = 0] = masks.dims.slice(-2);
  const grid = { width, height, ...covers({ width, height }) };
  const candidates = candidatesOf(masks.data, scores.data, grid);
  if (candidates === undefined)
    throw new CheckpointError(`selector "${title}": its decoder gives no masks with scores`);
  return { masks: candidates };
}
