/** The pipeline's networks on sessions of adapted exports, which may take only one size or number of rows. */
import { InputError } from '../../contract/errors';
import type { ExportedSizes, ExportedText, ExportedUnet } from '../../graph/onnxExport/adapt';
import type { Size } from '../../image/geometry';
import type { UnetConditioning } from '../../pipeline/conditioning/stableDiffusion';

import type { Denoiser, TextEncoder, Vae } from '../../pipeline/model';
import { inpaintingOf, readText, unetInputs, vaeOf } from '../components';

import type { Runtime, Session } from '../runtime/session';

/** A session and what its export says about itself. */
export interface ExportedSession<Sizes extends ExportedSizes = ExportedSizes> {
  session: Session;
  sizes: Sizes;
  dispose(): Promise<void>;
}

/** The text encoder behind the pipeline's interface. */
export function createExportedText({ session, sizes }: ExportedSession<ExportedText>): TextEncoder {
  const { width, pooledWidth, batch } = sizes;
  const run = (inputIds: Int32Array, rows: number) =>
    readText(session, pooledWidth !== undefined, {
      input_ids: { values: inputIds, dims: [rows, inputIds.length / rows] },
    });
  return {
    width,
    ...(pooledWidth !== undefined && { pooledWidth }),
    async encode(inputIds, rows) {
      if (batch === undefined || batch === rows) return run(inputIds, rows);
      const length = inputIds.length / rows;
      const states = new Float32Array(rows * length * width);
      const pooled = pooledWidth === undefined ? undefined : new Float32Array(rows * pooledWidth);
      for (let first = 0; first < rows; first += batch) {
        const count = Math.min(batch, rows - first);
        // Rows that are missing at the end are padded with zeros, and their results dropped.
        const ids = new Int32Array(batch * length);
        ids.set(inputIds.subarray(first * length, (first + count) * length));
        const part = await run(ids, batch);
        states.set(part.states.subarray(0, count * length * width), first * length * width);
        if (pooled === undefined || part.pooled === undefined || pooledWidth === undefined) continue;
        pooled.set(part.pooled.subarray(0, count * pooledWidth), first * pooledWidth);
      }
      return pooled === undefined ? { states } : { states, pooled };
    },
    dispose: () => session.dispose(),
  };
}

/** @param pixels of a latent along one side, for messages */
export function createExportedUnet(
  { session, sizes }: ExportedSession<ExportedUnet>,
  pixels: number,
): Denoiser<UnetConditioning> {
  const { inChannels, outChannels, batch, multiple } = sizes;
  return {
    label: 'UNet',
    inpainting: inpaintingOf(inChannels, outChannels),
    async predict(latents, size, timestep, conditioning) {
      const { height, width } = size;
      refuseOtherSize(sizes, size, pixels);
      for (const [side, length] of Object.entries({ width, height })) {
        if (length % multiple === 0) continue;
        throw new InputError(
          side,
          `${side}: ${length * pixels} is not a multiple of ${multiple * pixels} pixels, which this ONNX export ` +
            `needs; set ${side} to ${Math.max(1, Math.round(length / multiple)) * multiple * pixels}, or name the ` +
            'repository that it was exported from',
        );
      }
      const [rows = 1, tokens = 0] = conditioning.promptEmbeddings.dims;
      if (sizes.tokens !== undefined && sizes.tokens !== tokens) {
        throw new InputError(
          'prompt',
          `prompt: this model was exported for prompts of at most ${sizes.tokens} tokens; shorten it`,
        );
      }
      const inputs = unetInputs(latents, outChannels, size, timestep, conditioning);
      if (batch === undefined) return session.read(inputs, 'prediction');
      const rowValues = outChannels * height * width;
      const prediction = new Float32Array(rows * rowValues);
      for (let first = 0; first < rows; first += batch) {
        const chosen = Int32Array.from({ length: batch }, (_, i) => Math.min(first + i, rows - 1));
        const part = await session.read({ ...inputs, rows: { values: chosen, dims: [batch] } }, 'prediction');
        const count = Math.min(batch, rows - first);
        prediction.set(part.subarray(0, count * rowValues), first * rowValues);
      }
      return prediction;
    },
    dispose: () => session.dispose(),
  };
}

export type ExportedVaeConfig = Pick<Vae, 'scalingFactor' | 'latentChannels' | 'downscale'>;

/** @param encoder makes the encoder's session at first use */
export function createExportedVae(
  runtime: Runtime,
  config: ExportedVaeConfig,
  encoder: () => Promise<ExportedSession>,
  decoder: () => Promise<ExportedSession>,
): Vae {
  return vaeOf(runtime, config, encoder, decoder, ({ session, sizes }, size, pixels) => {
    refuseOtherSize(sizes, size, pixels);
    return session;
  });
}

/** @throws InputError if the export was made for another size */
function refuseOtherSize(fixed: ExportedSizes, size: Size, pixels: number): void {
  for (const side of ['width', 'height'] as const) {
    const only = fixed[side];
    if (only === undefined || only === size[side]) continue;
    throw new InputError(
      side,
      `${side}: this model works only at ${side} ${only * pixels}; this run asks for ${size[side] * pixels}. Set ${side} to ` +
        `${only * pixels}, or name an export for any size`,
    );
  }
}
