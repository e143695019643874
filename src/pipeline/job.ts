/** A checked request as a job of the pipeline: the one place that knows both their names. */
import type { InpaintRequest, LocalOptions } from '../engine/schema';
import type { InpaintJob } from './inpaint';
import type { Pixels, Size } from './pixels';

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

/** The size at which the model works: the options', or else the picture's, rounded down to multiples of 8 pixels. */
export function sizeOfRun({ width, height }: LocalOptions, image: Size): Size {
  return { width: width ?? roundDown(image.width), height: height ?? roundDown(image.height) };
}

function roundDown(side: number): number {
  return side - (side % 8);
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
