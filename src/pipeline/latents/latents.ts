/** Arithmetic on latents and predictions, in torch's float32 operations. */
import { CheckpointError, DeviceError, InputError } from '../../contract/errors';
import type { RandomNormal } from '../schedulers/scheduler';

const { fround } = Math;
/** diffusers clamps the log variance to ±30 before it takes the root. */
const LOG_VARIANCE_LIMIT = 30;

/** Classifier-free guidance: uncond + scale · (text − uncond), the rows in this order. */
export function guide(rows: Float32Array, guidanceScale: number): Float32Array {
  const length = rows.length / 2;
  const text = rows.subarray(length);
  return rows.slice(0, length).map((unconditional, i) => {
    return unconditional + fround(guidanceScale * fround((text[i] ?? 0) - unconditional));
  });
}

/**
 * A draw from the VAE's posterior, scaled for the UNet: (mean + std · ε) · scale.
 * @param moments [1, 2C, h, w]: mean, then log variance
 * @param randn the run's generator: C·h·w values are drawn
 */
export function samplePosterior(
  moments: Float32Array,
  vae: { scalingFactor: number },
  randn: RandomNormal,
): Float32Array {
  const length = moments.length / 2;
  const noise = randn(length);
  return noise.map((epsilon, i) => {
    const logVariance = Math.min(Math.max(moments[length + i] ?? 0, -LOG_VARIANCE_LIMIT), LOG_VARIANCE_LIMIT);
    const deviation = fround(Math.exp(0.5 * logVariance));
    const sample = fround((moments[i] ?? 0) + fround(deviation * epsilon));
    return sample * vae.scalingFactor;
  });
}

/** The posterior's mean, scaled for the UNet. */
export function posteriorMean(moments: Float32Array, vae: { scalingFactor: number }): Float32Array {
  return moments.slice(0, moments.length / 2).map((mean) => mean * vae.scalingFactor);
}

/**
 * `painted` where the mask is 1, `kept` where it is 0.
 * @param mask [1, 1, h, w]; the others [1, C, h, w]
 */
export function blend(mask: Float32Array, kept: Float32Array, painted: Float32Array): Float32Array {
  return painted.map((value, i) => {
    const share = mask[i % mask.length] ?? 0;
    return fround((1 - share) * (kept[i] ?? 0)) + fround(share * value);
  });
}

/**
 * A run never ends in a silent black image.
 * @param network its name for messages
 * @param model `isCoarse` if it computes in 16 bits on a GPU
 * @throws DeviceError or, if no driver can be to blame, CheckpointError, when a value is NaN or infinite
 */
export function assertFinite(values: Float32Array, network: string, model: { isCoarse?: boolean }): void {
  if (values.every(Number.isFinite)) return;
  const what = `The ${network} gave values that are not numbers.`;
  if (model.isCoarse) {
    throw new DeviceError(
      `${what} With 16-bit weights this happens if the GPU driver loses precision: switch to 32-bit precision or to the ` +
        'CPU (WASM), or update the driver',
    );
  }
  throw new CheckpointError(
    `${what} Its weights, or those of a LoRA in it, are damaged or too large: run the model without LoRAs; if that ` +
      'fails too, download it again or choose another',
  );
}

/**
 * A scheduler's step that got finite values but returned others: its formula divided zero by zero.
 * @param step the first is 1
 * @throws InputError
 */
export function assertFiniteStep(values: Float32Array, step: number, steps: number): void {
  if (values.every(Number.isFinite)) return;
  throw new InputError(
    'scheduler',
    `scheduler: step ${step} of ${steps} gives values that are not numbers, which happens if two steps have the same ` +
      'noise level or the guidance is far too high; choose another scheduler or number of steps',
  );
}
