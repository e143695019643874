/** The pipeline's networks on ONNX Runtime's sessions. */
import { CheckpointError } from '../contract/errors';
import type { AutoencoderKlConfig } from '../graph/networks/autoencoderKl';
import { type ClipTextConfig, eosRows } from '../graph/networks/clipText';
import type { Unet2dConfig } from '../graph/networks/unet2d';
import type { GraphTarget } from '../graph/onnx/types';
import type { UnetConditioning } from '../pipeline/conditioning/stableDiffusion';
import type { Denoiser, TextEncoder, TextEncoding, Vae } from '../pipeline/model';
import { lazyDisposable } from './lazy';
import type { Runtime, Session } from './runtime/session';

/**
 * @param isPooled whether the graph has the pooled output
 * @param takesRows whether it takes vectors that the weights lack
 */
export function createTextEncoder(
  session: Session,
  config: ClipTextConfig,
  isPooled: boolean,
  takesRows = false,
): TextEncoder {
  const { length, hiddenSize, projection, vocabSize } = config;
  return {
    width: hiddenSize,
    ...(isPooled && { pooledWidth: projection ?? hiddenSize }),
    async encode(inputIds, batch, added): Promise<TextEncoding> {
      const count = takesRows && added !== undefined ? added.length / hiddenSize : 0;
      refuseOutside(inputIds, vocabSize + count);
      const outputs = await session.run({
        input_ids: {
          values: takesRows ? inputIds.map((id) => (id < vocabSize ? id : 0)) : inputIds,
          dims: [batch, length],
        },
        ...(takesRows && addedRows(inputIds, batch, config, added)),
        // Of the ids as they are: where the largest of a row counts, transformers counts added ones too.
        ...(isPooled && { eos_rows: { values: eosRows(inputIds, config), dims: [batch] } }),
      });
      try {
        const states = await session.outputOf(outputs, 'last_hidden_state').read();
        return isPooled ? { states, pooled: await session.outputOf(outputs, 'pooled').read() } : { states };
      } finally {
        for (const output of Object.values(outputs)) output.dispose();
      }
    },
    dispose: () => session.dispose(),
  };
}

/** The inputs `table_share` and `added_rows` of `buildClipText`. */
function addedRows(
  inputIds: Int32Array,
  batch: number,
  { length, hiddenSize, vocabSize }: ClipTextConfig,
  added: Float32Array = new Float32Array(),
) {
  const share = new Float32Array(inputIds.length).fill(1);
  const rows = new Float32Array(inputIds.length * hiddenSize);
  inputIds.forEach((id, at) => {
    if (id < vocabSize) return;
    share[at] = 0;
    rows.set(
      added.subarray((id - vocabSize) * hiddenSize, (id - vocabSize + 1) * hiddenSize),
      at * hiddenSize,
    );
  });
  return {
    table_share: { values: share, dims: [batch, length, 1] },
    added_rows: { values: rows, dims: [batch, length, hiddenSize] },
  };
}

/** @throws CheckpointError where the tokenizer has more tokens than the text encoder has rows */
function refuseOutside(inputIds: Int32Array, rows: number): void {
  const id = inputIds.find((id) => id >= rows);
  if (id === undefined) return;
  throw new CheckpointError(
    `the tokenizer gives a word of this prompt the id ${id}, but the text encoder has ${rows} rows: its weights lack a ` +
      'token that was added; download the model again, or leave that word out',
  );
}

export function createUnet(
  session: Session,
  { inChannels, outChannels }: Unet2dConfig,
): Denoiser<UnetConditioning> {
  return {
    label: 'UNet',
    inpainting: inpaintingOf(inChannels, outChannels),
    predict(latents, { height, width }, timestep, conditioning) {
      const { promptEmbeddings, maskLatents, addedEmbeddings, guidanceEmbedding } = conditioning;
      return session.read(
        {
          sample: { values: latents, dims: [1, outChannels, height, width] },
          timestep: { values: Float32Array.of(timestep), dims: [1] },
          encoder_hidden_states: promptEmbeddings,
          ...(maskLatents && { mask_latents: maskLatents }),
          ...(addedEmbeddings && { text_embeds: addedEmbeddings.pooled, time_ids: addedEmbeddings.timeIds }),
          ...(guidanceEmbedding && { timestep_cond: guidanceEmbedding }),
        },
        'prediction',
      );
    },
    dispose: () => session.dispose(),
  };
}

/** A UNet for inpainting also takes the mask's one channel and the latents of the masked image. */
export function inpaintingOf(inChannels: number, latentChannels: number): Denoiser['inpainting'] {
  return inChannels === 2 * latentChannels + 1 ? 'native' : 'blend';
}

/** Whether what it computes depends on how well a graphics driver rounds. */
export function isCoarse({ provider, precision }: GraphTarget): boolean {
  return provider === 'webgpu' && precision === 'fp16';
}

/**
 * @param encoder makes the encoder's session at first use: a 4-channel run at full strength decodes only
 */
export function createVae(
  runtime: Runtime,
  config: AutoencoderKlConfig,
  encoder: () => Promise<Session>,
  decoder: () => Promise<Session>,
): Vae {
  const encoding = lazyDisposable(encoder);
  const decoding = lazyDisposable(decoder);
  const downscale = 2 ** (config.blockOutChannels.length - 1);
  return {
    scalingFactor: config.scalingFactor,
    latentChannels: config.latentChannels,
    downscale,
    get tiles() {
      return runtime.vaeTiles;
    },
    async encode(pixels, { height, width }) {
      const session = await encoding.get();
      return session.read(
        { pixels: { values: pixels, dims: [1, config.inChannels, height, width] } },
        'moments',
      );
    },
    async decode(latents, { height, width }) {
      const session = await decoding.get();
      return session.read(
        { latents: { values: latents, dims: [1, config.latentChannels, height, width] } },
        'pixels',
      );
    },
    async dispose() {
      await encoding.dispose();
      await decoding.dispose();
    },
  };
}
