/** A checked request as a job of the pipeline: the one place that knows both their names. */
import type { InpaintRequest, LocalOptions } from '../engine/schema';
import type { Model } from './components';
import type { InpaintJob } from './inpaint';
import { type Pixels, type Size, scalePixels } from './pixels';

/**
 * @param pictures what the request's addresses lead to, already read
 * @param size at which the model works, multiples of 8 pixels
 */
export function createJob(
  request: InpaintRequest,
  options: LocalOptions,
  pictures: { image: Pixels; mask: Pixels },
  size: Size,
): InpaintJob {
  return {
    ...pictures,
    prompt: request.prompt,
    negativePrompt: request.negative_prompt,
    steps: request.num_inference_steps,
    guidanceScale: request.guidance_scale,
    seed: request.seed ?? randomSeed(),
    scheduler: options.scheduler,
    strength: options.strength,
    width: size.width,
    height: size.height,
  };
}

/** The size of the picture that is asked for: the options', or else the given one's, rounded down to multiples of 8 pixels. */
export function sizeOfRun({ width, height }: LocalOptions, image: Size): Size {
  return { width: width ?? roundDown(image.width), height: height ?? roundDown(image.height) };
}

/** The size at which a model works: what the options do not say follows from the one size that it takes, if it takes one. */
export function sizeAtModel(
  options: LocalOptions,
  asked: Size,
  { fixedSize }: Pick<Model, 'fixedSize'>,
): Size {
  if (fixedSize === undefined) return asked;
  return { width: options.width ?? fixedSize.width, height: options.height ?? fixedSize.height };
}

/** What was painted, at the size that was asked for. */
export function asAsked(painted: Pixels, asked: Size): Pixels {
  const fits = painted.width === asked.width && painted.height === asked.height;
  return fits ? painted : scalePixels(painted, asked);
}

function roundDown(side: number): number {
  return side - (side % 8);
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
