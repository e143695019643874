/** Runs a checked request on a model, by the model's task: the only place that knows both by name. */
import type { ModelTraits } from '../contract/modelSettings';
import type { InpaintRequest, LocalOptions } from '../contract/schema';
import { type SuitedSettings, suitedSettings } from '../contract/suitedSettings';
import type { Size } from '../image/geometry';
import type { Pixels } from '../image/raster';
import { scalePixels } from '../image/scale';
import { checkPaints, checkSameSize } from './checkInputs';
import { drawThing } from './drawThing';
import { type InpaintCall, type InpaintJob, type InpaintOutcome, inpaint } from './inpaint';
import type { DiffusionModel, Model, RemovalModel } from './model';
import { remove } from './remove';

/** The images behind a request's URLs. */
export interface Pictures {
  image: Pixels;
  mask: Pixels;
}

/** An open model, and what its host knows about it. */
export interface OpenModel extends Required<Pick<InpaintCall, 'cache'>> {
  model: Model;
  /** Takes away what is masked, for models that draw things. */
  ground: RemovalModel;
  /** @param run at which size, and with how many chunks of 75 tokens @throws TooLargeError if it does not fit */
  admit(run: Size & { chunks: number }): Promise<void>;
}

/**
 * Runs a request on the model that it names. The image is scaled to a size that the model takes, and the result back.
 * @param open opens the request's model; `asked` is the size of the wanted image
 * @returns the image at that size, and the seed that it was made with
 * @throws InputError if image and mask differ in size or nothing is masked, before the model is opened; else as {@link inpaint}
 */
export async function runRequest(
  request: InpaintRequest,
  options: LocalOptions,
  pictures: Pictures,
  open: (asked: Size) => Promise<OpenModel>,
  call: Pick<InpaintCall, 'signal' | 'onProgress'>,
): Promise<InpaintOutcome & { seed: number }> {
  checkSameSize(pictures.image, pictures.mask);
  checkPaints(pictures.mask);
  const asked = sizeOfRun(options, pictures.image);
  const opened = await open(asked);
  const size = sizeAtModel(options, asked, opened.model);
  const outcome = await runAtSize({ request, options, pictures, size }, opened, call);
  // What is removed is removed from the image as it is, and what is drawn on its ground is drawn on it as it is.
  const wanted = opened.model.removes || opened.model.drawsThings ? pictures.image : asked;
  return { ...outcome, pixels: asAsked(outcome.pixels, wanted) };
}

/** A request with its model's inputs. */
export interface SizedRequest {
  request: InpaintRequest;
  options: LocalOptions;
  pictures: Pictures;
  /** The size at which a diffusion model works: multiples of 8 pixels or of what it needs. Others have their own. */
  size: Size;
  /** The model's own picture, as diffusers gives it, even of a model that draws things. */
  isBare?: boolean;
}

/**
 * Runs a request by its model's task.
 * @returns the image at the model's size, and the seed that it was made with
 * @throws TooLargeError if the run does not fit into memory; else as {@link inpaint}
 */
export function runAtSize(
  sized: SizedRequest,
  opened: OpenModel,
  call: Pick<InpaintCall, 'signal' | 'onProgress'>,
): Promise<InpaintOutcome & { seed: number }> {
  const { model } = opened;
  switch (model.task) {
    case 'inpaint':
      return tasks.inpaint(sized, { ...opened, model }, call);
    case 'remove':
      return tasks.remove(sized, { ...opened, model }, call);
    default:
      throw new TypeError(`unknown task ${model satisfies never}`);
  }
}

type Task<Kind extends Model> = (
  sized: SizedRequest,
  opened: OpenModel & { model: Kind },
  call: Pick<InpaintCall, 'signal' | 'onProgress'>,
) => Promise<InpaintOutcome & { seed: number }>;

/** How each kind of model runs a request. */
const tasks: { [Name in Model['task']]: Task<Extract<Model, { task: Name }>> } = {
  async inpaint({ request, options, pictures, size, isBare }, { model, cache, ground, admit }, call) {
    const told = withModelSettings(request, options, model);
    const drawsThing = model.drawsThings && !isBare;
    const job = createJob(told.request, told.options, pictures, drawsThing ? pictures.image : size);
    const { nativeSize } = model;
    const run = drawsThing ? { width: nativeSize, height: nativeSize } : size;
    await admit({ ...run, chunks: model.prompts.chunks(job) });
    const { pixels, timings } = await (drawsThing
      ? drawThing(model, ground, job, { ...call, cache })
      : inpaint(model, job, { ...call, cache }));
    return { pixels, timings, seed: job.seed };
  },
  async remove({ request, pictures }, { model, admit }, call) {
    const size = model.fixedSize ?? { width: pictures.image.width, height: pictures.image.height };
    await admit({ ...size, chunks: 0 });
    const seed = request.seed ?? randomSeed();
    return { ...(await remove(model, { ...pictures, size, seed }, call)), seed };
  },
};

/** What a model's own files say about the settings that suit it. */
function traitsOf({ readsGuidance, schedulerConfig }: DiffusionModel): ModelTraits {
  const { className, keys } = schedulerConfig;
  const { timestep_spacing: spacing, prediction_type: prediction, rescale_betas_zero_snr: zeroSnr } = keys;
  return {
    readsGuidance,
    scheduler: className,
    ...(typeof spacing === 'string' && { spacing }),
    ...(typeof prediction === 'string' && { prediction }),
    ...(typeof zeroSnr === 'boolean' && { zeroSnr }),
  };
}

/**
 * Fills in the settings that the caller left to the model.
 * @returns also what the table knows about the model; null if it has no entry, in which case nothing changes
 */
export function withModelSettings(
  request: InpaintRequest,
  { leftToModel = [], ...options }: LocalOptions,
  model: Model,
): { request: InpaintRequest; options: LocalOptions; suited: SuitedSettings | null } {
  const asks = leftToModel.length > 0 && model.task === 'inpaint';
  const suited = asks ? suitedSettings(request.model_name, traitsOf(model)) : null;
  if (suited === null) return { request, options, suited };
  const { scheduler, ...fields } = suited.settings;
  const filled = { ...request };
  for (const field of ['num_inference_steps', 'guidance_scale'] as const) {
    if (leftToModel.includes(field)) filled[field] = fields[field];
  }
  const takesScheduler = scheduler !== undefined && leftToModel.includes('scheduler');
  return { request: filled, options: takesScheduler ? { ...options, scheduler } : options, suited };
}

/** @param size at which the model works, multiples of 8 pixels or of `model.multiple` */
function createJob(
  request: InpaintRequest,
  options: LocalOptions,
  pictures: Pictures,
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

/** The size of the wanted image: the options', or else the given image's, rounded down to multiples of 8 pixels. */
function sizeOfRun({ width, height }: LocalOptions, image: Size): Size {
  return { width: width ?? roundDown(image.width), height: height ?? roundDown(image.height) };
}

/**
 * The size at which a diffusion model works. A model of one fixed size gives what the options leave out; a model that
 * needs other multiples than this contract's 8 gets the next smaller size.
 */
function sizeAtModel(
  options: LocalOptions,
  asked: Size,
  { fixedSize, multiple = 8 }: Pick<DiffusionModel, 'fixedSize' | 'multiple'>,
): Size {
  if (fixedSize === undefined) {
    return { width: roundDown(asked.width, multiple), height: roundDown(asked.height, multiple) };
  }
  return { width: options.width ?? fixedSize.width, height: options.height ?? fixedSize.height };
}

/** The result, at the size that was asked for. */
function asAsked(painted: Pixels, asked: Size): Pixels {
  const fits = painted.width === asked.width && painted.height === asked.height;
  return fits ? painted : scalePixels(painted, asked);
}

function roundDown(side: number, multiple = 8): number {
  return side - (side % multiple);
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
