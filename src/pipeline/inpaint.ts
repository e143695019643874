/**
 * Inpainting with Stable Diffusion, as diffusers' StableDiffusionInpaintPipeline and StableDiffusionXLInpaintPipeline
 * (0.36) do it: the same arithmetic in the same order, and the same order of random draws, so that a seed gives the same
 * image. What differs between families is behind the model's interface (model.ts): how prompts are encoded (2), what
 * the denoiser reads (4), how the scheduler's file is read (1).
 *
 * Deviations that do not change the image: for a denoiser that does not see the mask, the masked image is not encoded, since
 * only the draw for its posterior matters; both guidance rows are text-encoded as one batch; results that do not depend
 * on the seed are reused between runs. One that does: for SDXL an empty negative prompt counts as no negative prompt, since
 * the API has no other way to say so.
 */
import { InputError } from '../contract/errors';
import type { SchedulerName } from '../contract/schema';
import type { Size } from '../image/geometry';
import type { Pixels } from '../image/raster';
import { InpaintCache } from './cache';
import { checkSameSize } from './checkInputs';
import {
  assertFinite,
  assertFiniteStep,
  blend,
  guide,
  posteriorMean,
  samplePosterior,
} from './latents/latents';
import { fitImage, fitMask, fromVaeOutput, toLatentMask, toVaeInput } from './latents/vaePixels';
import type { Conditioning, Denoiser, DiffusionModel, Prompts, Vae } from './model';
import { TorchGenerator } from './noise/random';
import { createScheduler } from './schedulers/create';
import type { RandomNormal, Scheduler } from './schedulers/scheduler';
import { decodeLatents, encodePicture } from './tiling';
import { stageTimer } from './timing';

export { InpaintCache } from './cache';

export interface InpaintJob extends Prompts {
  image: Pixels;
  /** White is repainted. Same size as the image. */
  mask: Pixels;
  /** At 1 and below, and with models that take the scale as an input, the negative prompt is not used. */
  guidanceScale: number;
  steps: number;
  seed: number;
  /** Absent: the checkpoint's own. */
  scheduler?: SchedulerName;
  /** (0, 1]; below 1 the run begins later, from the noised image. */
  strength: number;
  /** The size in pixels at which the model works, multiples of `model.multiple` (8); the image is resized to it. */
  width: number;
  height: number;
}

export type PipelineProgress =
  | { stage: 'encode' }
  /** `step` counts finished evaluations of the UNet. The preview has one pixel a latent. */
  | { stage: 'denoise'; step: number; steps: number; preview?: Pixels }
  | { stage: 'decode' }
  /** Of a removal model; `fraction` of its work is done. */
  | { stage: 'remove'; fraction: number };

export interface InpaintCall {
  signal: AbortSignal;
  onProgress(progress: PipelineProgress): void;
  /** For callers that run the model more than once; if absent, nothing is reused. */
  cache?: InpaintCache;
}

export interface InpaintOutcome {
  /** width × height of the run. */
  pixels: Pixels;
  /** Milliseconds of the stages: `load` (of components not yet loaded), `text`, `encode`, `denoise`, `decode`. */
  timings: Record<string, number>;
}

/**
 * Repaints the white part of the mask.
 * @throws InputError naming the field, DeviceError or CheckpointError if a network gives NaN, AbortError after
 *   cancellation
 */
export async function inpaint(
  model: DiffusionModel,
  job: InpaintJob,
  call: InpaintCall,
): Promise<InpaintOutcome> {
  const cache = call.cache ?? new InpaintCache();
  cache.attach(model);
  try {
    return await run(model, job, call, cache);
  } finally {
    if (!call.cache) cache.dispose();
  }
}

async function run(
  model: DiffusionModel,
  job: InpaintJob,
  call: InpaintCall,
  cache: InpaintCache,
): Promise<InpaintOutcome> {
  const { signal, onProgress } = call;
  const { timed, timings } = stageTimer(signal);

  // 1. Check the job; set the timesteps
  const scheduler = createScheduler(model.schedulerConfig, job.scheduler, model.schedulerFile);
  const firstIndex = planSteps(scheduler, job);
  checkPictures(job, model);

  // 2. Encode the prompts
  onProgress({ stage: 'encode' });
  const text = await model.prompts.encode(job, cache, timed);

  // 3. Prepare image, mask and latents
  const generator = new TorchGenerator(job.seed);
  const randn: RandomNormal = (n) => generator.randn(n);
  const denoiser = await timed('load', () => model.denoiser());
  const vae = await timed('load', () => model.vae());
  const prepared = await timed('encode', () =>
    prepareLatents(job, { model, vae, denoiser, scheduler, firstIndex, randn, cache, signal }),
  );

  // 4. Upload what every step reads to the device
  const conditioning = model.condition(text, { guidanceScale: job.guidanceScale, ...prepared });
  try {
    // 5. Denoise
    const latents = await timed('denoise', () =>
      denoise(prepared, conditioning, { job, model, denoiser, scheduler, firstIndex, randn, cache, call }),
    );

    // 6. Decode
    onProgress({ stage: 'decode' });
    const pixels = await timed('decode', () => decode(latents, prepared.size, { model, vae, cache, signal }));
    return { pixels, timings };
  } finally {
    conditioning.dispose();
  }
}

/**
 * Sets the scheduler's timesteps.
 * @returns index of the first one that runs: strength leaves out those before
 */
function planSteps(scheduler: Scheduler, { steps, strength, seed }: InpaintJob): number {
  if (steps < 1) {
    throw new InputError(
      'num_inference_steps',
      'num_inference_steps: 0 steps paint nothing; ask for at least 1 (20 to 50 give good images)',
    );
  }
  const left = Math.min(Math.floor(steps * strength), steps);
  if (left < 1) {
    throw new InputError(
      'strength',
      `strength: ${strength} of ${steps} steps leaves less than one; raise the strength or the number of steps`,
    );
  }
  scheduler.setTimesteps(steps, seed);
  return (steps - left) * scheduler.order;
}

function checkPictures({ image, mask, width, height }: InpaintJob, { multiple = 8 }: DiffusionModel): void {
  checkSameSize(image, mask);
  for (const [field, side] of Object.entries({ width, height })) {
    if (side < multiple || side % multiple !== 0) {
      throw new InputError(field, `${field}: ${side} is not a multiple of ${multiple}`);
    }
  }
}

interface Prepared {
  /** Of the image, in pixels. */
  imageSize: Size;
  /** Of the latents. */
  size: Size;
  /** The starting latents. [1, 4, h, w] */
  latents: Float32Array;
  /** 9 channels: mask and latents of the masked image, [1, 5, h, w]. */
  maskLatents?: Float32Array;
  /** 4 channels: the kept part is mixed from these at each step. */
  kept?: { mask: Float32Array; imageLatents: Float32Array; noise: Float32Array };
}

interface Preparation {
  model: DiffusionModel;
  vae: Vae;
  denoiser: Denoiser;
  scheduler: Scheduler;
  firstIndex: number;
  randn: RandomNormal;
  cache: InpaintCache;
  signal: AbortSignal;
}

async function prepareLatents(job: InpaintJob, preparation: Preparation): Promise<Prepared> {
  const { model, vae, denoiser, scheduler, firstIndex, randn, cache, signal } = preparation;
  const imageSize: Size = { width: job.width, height: job.height };
  const size: Size = { width: job.width / vae.downscale, height: job.height / vae.downscale };
  const count = vae.latentChannels * size.width * size.height;
  const image = fitImage(job.image, imageSize);
  const mask = fitMask(job.mask, imageSize);
  const latentMask = toLatentMask(mask, imageSize, vae.downscale); // [1, 1, h, w]
  const seesMask = denoiser.inpainting === 'native';

  const encode = async (pixels: Float32Array): Promise<Float32Array> => {
    const moments = await cache.moments(pixels, job.width, async () => {
      const encoded = await encodePicture(vae, pixels, imageSize, signal);
      assertFinite(encoded, 'VAE encoder', model);
      // Encoded for the first time: the preview's colours are fitted to it.
      cache.colours(vae.latentChannels).learn(posteriorMean(encoded, vae), size, pixels, vae.downscale);
      return encoded;
    });
    return samplePosterior(moments, vae, randn);
  };

  // The order of draws: the image's posterior if it is needed, the noise, the masked image's posterior.
  const fromPicture = job.strength < 1;
  const imageLatents = fromPicture || !seesMask ? await encode(toVaeInput(image)) : undefined;
  const noise = randn(count);
  const latents =
    fromPicture && imageLatents
      ? scheduler.addNoise(imageLatents, noise, firstIndex)
      : noise.map((value) => value * scheduler.initNoiseSigma);

  if (!seesMask) {
    randn(count); // diffusers encodes the masked image here and does not use it; the draw remains
    return { imageSize, size, latents, kept: imageLatents && { mask: latentMask, imageLatents, noise } };
  }
  const maskedLatents = await encode(toVaeInput(image, mask));
  const maskLatents = new Float32Array(latentMask.length + maskedLatents.length);
  maskLatents.set(latentMask);
  maskLatents.set(maskedLatents, latentMask.length);
  return { imageSize, size, latents, maskLatents };
}

interface Denoising {
  job: InpaintJob;
  model: DiffusionModel;
  denoiser: Denoiser;
  scheduler: Scheduler;
  firstIndex: number;
  randn: RandomNormal;
  cache: InpaintCache;
  call: InpaintCall;
}

async function denoise(
  { latents: start, size, kept }: Prepared,
  conditioning: Conditioning,
  { job, model, denoiser, scheduler, firstIndex, randn, cache, call }: Denoising,
): Promise<Float32Array> {
  const { timesteps } = scheduler;
  const steps = timesteps.length - firstIndex;
  const colours = cache.colours(start.length / (size.width * size.height));
  let latents = start;
  call.onProgress({ stage: 'denoise', step: 0, steps });
  for (const [offset, timestep] of timesteps.slice(firstIndex).entries()) {
    const index = firstIndex + offset;
    call.signal.throwIfAborted();

    // a. All rows in one evaluation
    const input = scheduler.scaleModelInput?.(latents, index) ?? latents;
    const rows = await denoiser.predict(input, size, timestep, conditioning); // [rows, C, h, w]
    call.signal.throwIfAborted();
    assertFinite(rows, denoiser.label, model);
    const prediction = conditioning.rows === 2 ? guide(rows, job.guidanceScale) : rows;

    // b. One step towards the image
    const preview = colours.preview(scheduler.denoised(prediction, index, latents), size);
    latents = scheduler.step(prediction, index, latents, randn);
    assertFiniteStep(latents, offset + 1, steps);

    // c. A denoiser that does not see the mask: the kept part comes from the image, at this step's noise level
    if (kept) {
      const isLast = index + 1 === timesteps.length;
      const original = isLast
        ? kept.imageLatents
        : scheduler.addNoise(kept.imageLatents, kept.noise, index + 1);
      latents = blend(kept.mask, original, latents);
    }
    call.onProgress({ stage: 'denoise', step: offset + 1, steps, preview });
  }
  return latents;
}

async function decode(
  latents: Float32Array,
  size: Size,
  { model, vae, cache, signal }: Pick<Preparation, 'model' | 'vae' | 'cache' | 'signal'>,
): Promise<Pixels> {
  const unscaled = latents.map((value) => value / vae.scalingFactor);
  const decoded = await decodeLatents(vae, unscaled, size, signal); // [1, 3, 8h, 8w]
  assertFinite(decoded, 'VAE decoder', model);
  cache.colours(vae.latentChannels).learn(latents, size, decoded, vae.downscale);
  return fromVaeOutput(decoded, { width: size.width * vae.downscale, height: size.height * vae.downscale });
}
