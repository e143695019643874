/** The pipeline's networks on ONNX Runtime's sessions. */
import type { AutoencoderKlConfig } from '../graph/autoencoderKl';
import { type ClipTextConfig, eosRows } from '../graph/clipText';
import type { Unet2dConfig } from '../graph/unet2d';
import type {
  DeviceTensor,
  TextEncoder,
  TextEncoding,
  Unet,
  UnetConditioning,
  Vae,
} from '../pipeline/components';
import type { Runtime, Session } from './session';

/** @param isPooled whether the graph has the pooled output */
export function createTextEncoder(session: Session, config: ClipTextConfig, isPooled: boolean): TextEncoder {
  const { length, hiddenSize, projection } = config;
  return {
    width: hiddenSize,
    ...(isPooled && { pooledWidth: projection ?? hiddenSize }),
    async encode(inputIds, batch): Promise<TextEncoding> {
      const outputs = await session.run({
        input_ids: { values: inputIds, dims: [batch, length] },
        ...(isPooled && { eos_rows: { values: eosRows(inputIds, config), dims: [batch] } }),
      });
      try {
        const states = await outputOf(session, outputs, 'last_hidden_state').read();
        return isPooled ? { states, pooled: await outputOf(session, outputs, 'pooled').read() } : { states };
      } finally {
        for (const output of Object.values(outputs)) output.dispose();
      }
    },
    dispose: () => session.dispose(),
  };
}

export function createUnet(runtime: Runtime, session: Session, config: Unet2dConfig): Unet {
  return {
    inChannels: config.inChannels,
    upload: (values, dims) => runtime.upload(values, dims),
    predict(sample, { height, width }, timestep, conditioning: UnetConditioning) {
      const { promptEmbeddings, maskLatents, addedEmbeddings } = conditioning;
      return session.read(
        {
          sample: { values: sample, dims: [1, config.outChannels, height, width] },
          timestep: { values: Float32Array.of(timestep), dims: [1] },
          encoder_hidden_states: promptEmbeddings,
          ...(maskLatents && { mask_latents: maskLatents }),
          ...(addedEmbeddings && { text_embeds: addedEmbeddings.pooled, time_ids: addedEmbeddings.timeIds }),
        },
        'prediction',
      );
    },
    dispose: () => session.dispose(),
  };
}

/**
 * @param encoder makes the encoder's session at first use: a 4-channel run at full strength decodes only
 */
export function createVae(
  config: AutoencoderKlConfig,
  encoder: () => Promise<Session>,
  decoder: () => Promise<Session>,
): Vae {
  const encoding = once(encoder);
  const decoding = once(decoder);
  const downscale = 2 ** (config.blockOutChannels.length - 1);
  return {
    scalingFactor: config.scalingFactor,
    shiftFactor: config.shiftFactor,
    latentChannels: config.latentChannels,
    downscale,
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

/** A component made at first use and kept; a failure is not kept, so that the next use tries again. */
export interface Once<Component> {
  get(): Promise<Component>;
  dispose(): Promise<void>;
}

export function once<Component extends { dispose(): Promise<void> }>(
  make: () => Promise<Component>,
): Once<Component> {
  let made: Promise<Component> | undefined;
  return {
    get() {
      if (made === undefined) {
        const attempt = make();
        made = attempt;
        attempt.catch(() => {
          if (made === attempt) made = undefined;
        });
      }
      return made;
    },
    async dispose() {
      const disposing = made;
      made = undefined;
      const component = await disposing?.catch(() => undefined);
      await component?.dispose();
    },
  };
}

function outputOf(
  session: Session,
  outputs: Readonly<Record<string, DeviceTensor>>,
  name: string,
): DeviceTensor {
  const wanted = outputs[name];
  if (wanted === undefined) throw new Error(`${session.component}: no output "${name}"`);
  return wanted;
}
