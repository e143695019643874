/** The pipeline's networks, running in ONNX Runtime sessions. */
import { CheckpointError } from '../contract/errors';
import type { AutoencoderKlConfig } from '../graph/networks/autoencoderKl';
import { type ClipTextConfig, eosRows } from '../graph/networks/clipText';
import type { Unet2dConfig } from '../graph/networks/unet2d';
import type { GraphTarget } from '../graph/onnx/types';
import type { Size } from '../image/geometry';
import type { UnetConditioning } from '../pipeline/conditioning/stableDiffusion';
import type { Denoiser, TextEncoder, TextEncoding, Vae } from '../pipeline/model';

import { lazyDisposable } from './lazy';
import type { Feeds, Runtime, Session } from './runtime/session';

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
    async encode(inputIds, batch, added) {
      const count = takesRows && added !== undefined ? added.length / hiddenSize : 0;
      refuseOutside(inputIds, vocabSize + count);
      return readText(session, isPooled, {
        input_ids: {
          values: takesRows ? inputIds.map((id) => (id < vocabSize ? id : 0)) : inputIds,
          dims: [batch, length],
        },
        ...(takesRows && addedRows(inputIds, batch, config, added)),
        // From the ids as they are: if the largest of a row counts, transformers counts added ones too.
        ...(isPooled && { eos_rows: { values: eosRows(inputIds, config), dims: [batch] } }),
      });
    },
    dispose: () => session.dispose(),
  };
}

/** Runs a text encoder's graph and reads its outputs. */
export async function readText(session: Session, isPooled: boolean, inputs: Feeds): Promise<TextEncoding> {
  const outputs = await session.run(inputs);
  try {
    const states = await session.outputOf(outputs, 'last_hidden_state').read();
    return isPooled ? { states, pooled: await session.outputOf(outputs, 'pooled').read() } : { states };
  } finally {
    for (const output of Object.values(outputs)) output.dispose();
  }
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

/** @throws CheckpointError if the tokenizer has more tokens than the text encoder has rows */
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
    predict: (latents, size, timestep, conditioning) =>
      session.read(unetInputs(latents, outChannels, size, timestep, conditioning), 'prediction'),
    dispose: () => session.dispose(),
  };
}

/** The inputs of a UNet's graph. @param latents [1, channels, h, w] */
export function unetInputs(
  latents: Float32Array,
  channels: number,
  { height, width }: Size,
  timestep: number,
  { promptEmbeddings, maskLatents, addedEmbeddings, guidanceEmbedding }: UnetConditioning,
): Feeds {
  return {
    sample: { values: latents, dims: [1, channels, height, width] },
    timestep: { values: Float32Array.of(timestep), dims: [1] },
    encoder_hidden_states: promptEmbeddings,
    ...(maskLatents && { mask_latents: maskLatents }),
    ...(addedEmbeddings && { text_embeds: addedEmbeddings.pooled, time_ids: addedEmbeddings.timeIds }),
    ...(guidanceEmbedding && { timestep_cond: guidanceEmbedding }),
  };
}

/** A UNet for inpainting also takes the mask's one channel and the latents of the masked image. */
export function inpaintingOf(inChannels: number, latentChannels: number): Denoiser['inpainting'] {
  return inChannels === 2 * latentChannels + 1 ? 'native' : 'blend';
}

/** Whether its result depends on how precisely the GPU driver rounds. */
export function isCoarse({ provider, precision }: GraphTarget): boolean {
  return provider === 'webgpu' && precision === 'fp16';
}

/**
 * @param encoder makes the encoder's session at first use: a 4-channel run at full strength only decodes
 */
export function createVae(
  runtime: Runtime,
  { scalingFactor, latentChannels, blockOutChannels }: AutoencoderKlConfig,
  encoder: () => Promise<Session>,
  decoder: () => Promise<Session>,
): Vae {
  const downscale = 2 ** (blockOutChannels.length - 1);
  return vaeOf(runtime, { scalingFactor, latentChannels, downscale }, encoder, decoder, (session) => session);
}

/** The VAE behind the pipeline's interface. @param sessionFor a half's session, once it is sure that it takes this size */
export function vaeOf<Half extends { dispose(): Promise<void> }>(
  runtime: Runtime,
  config: Pick<Vae, 'scalingFactor' | 'latentChannels' | 'downscale'>,
  encoder: () => Promise<Half>,
  decoder: () => Promise<Half>,
  sessionFor: (half: Half, size: Size, pixelsPerValue: number) => Session,
): Vae {
  const encoding = lazyDisposable(encoder);
  const decoding = lazyDisposable(decoder);
  return {
    ...config,
    get tiles() {
      return runtime.vaeTiles;
    },
    async encode(values, size) {
      const session = sessionFor(await encoding.get(), size, 1);
      return session.read({ pixels: { values, dims: [1, 3, size.height, size.width] } }, 'moments');
    },
    async decode(values, size) {
      const session = sessionFor(await decoding.get(), size, config.downscale);
      const dims = [1, config.latentChannels, size.height, size.width];
      return session.read({ latents: { values, dims } }, 'pixels');
    },
    async dispose() {
      await encoding.dispose();
      await decoding.dispose();
    },
  };
}
