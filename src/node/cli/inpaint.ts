/** One run of the command line, from its arguments to the file on disk. */
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Call, parseLocalOptions, parseRequest } from '../../contract/engine';
import { InputError } from '../../contract/errors';
import { type ModelSettings, settingsInWords } from '../../contract/modelSettings';
import { optionFields, reasonUnused } from '../../contract/options';
import { recipeOf, recipeTexts } from '../../contract/recipe';
import { type InpaintResult, type LocalOptions, STARTER } from '../../contract/schema';
import type { SuitedSettings } from '../../contract/suitedSettings';
import { taskOf } from '../../contract/tasks';
import { unknownWords } from '../../contract/things';
import type { ModelHost } from '../../host/createHost';
import { withoutPreview } from '../../host/previews';
import { convertColours } from '../../image/colourSpace';
import { type CropPlan, defaultPadding, planCrop, planFrame } from '../../image/crop';
import { defaultFeather } from '../../image/featheredPaste';
import type { Size } from '../../image/geometry';
import { maskBounds, maskToPixels } from '../../image/mask/mask';
import type { MaskContent } from '../../image/maskContent';
import {
  arrayImage,
  type EditableImage,
  type PreparedCrop,
  pasteResult,
  prepareCrop,
} from '../../image/prepareAndPaste';
import { cropPixels, type Mask, type Pixels } from '../../image/raster';
import { scalePixels } from '../../image/scale';
import { checkSameSize } from '../../pipeline/checkInputs';
import type { Model } from '../../pipeline/model';
import { type OpenModel, runAtSize, withModelSettings } from '../../pipeline/runRequest';
import { type MeasuredPicture, measureSource } from '../images';
import type { Arguments } from './args';
import { cliPlatform } from './cliPlatform';
import { flagOf } from './flags';
import { readMaskArgument } from './maskArgument';
import { checkWritable, encodeFile, outputKind, writeFileAt } from './outputs';
import { type SelectorWeights, selectArgument } from './selectArgument';

export interface Run extends Call {
  host: Pick<ModelHost, 'withModel'>;
  /** For models that select; absent: as on the command line. */
  weights?: SelectorWeights;
  /** Something the user should know about the run, in a sentence. */
  onNote?(note: string): void;
}

/**
 * Inpaints the image that the arguments name and writes the result.
 * @returns the API's answer; `image.url` is the written file's
 * @throws InputError naming the argument that is wrong
 */
export async function inpaintFiles(args: Arguments, run: Run): Promise<InpaintResult> {
  // 1. Check every value before anything is loaded. The images are read below: data URIs stand in for them.
  const request = namingFlags(() =>
    parseRequest({ ...args.request, image_url: 'data:,', mask_url: 'data:,' }),
  );
  const options = namingFlags(() => parseLocalOptions({ ...args.options, leftToModel: leftOut(args) }));

  const unused = unusedIn(args);
  if (unused !== null) run.onNote?.(unused);
  const kind = outputKind('--out', args.out);
  await checkWritable('--out', args.out);
  const { maskOut } = args;
  if (maskOut !== undefined) await checkMaskOut(maskOut);

  // 2. Image and mask, of one size: the image is measured before the mask is decoded
  const image = await measureSource('--image', args.image, run.signal);
  const given =
    args.mask === undefined
      ? undefined
      : readMaskArgument(await decodeMask(await measureSource('--mask', args.mask, run.signal), image), args);
  const picture = await image.decode();
  const { mask, unpasted, note } =
    given ?? (await selectArgument(picture, args, { ...run, weights: run.weights ?? cliPlatform() }));
  if (note !== null) run.onNote?.(note);
  if (picture.loss !== null) run.onNote?.(`--image: ${picture.loss}. The file itself is unchanged.`);

  // 3. The crop that goes to the model, and the result back into the image
  const wanted = { name: request.model_name, loras: options.loras, embeddings: options.embeddings };
  const asked = sizeBefore(args, options, picture);
  const work = async (opened: OpenModel) => {
    const { model } = opened;
    const plan = planFor(args, options, picture, mask, args.pasteBack ? model : bare(model));
    const canvas = arrayImage(picture, picture.colourSpace);
    // For pasting back the crop is prepared as on the page; otherwise the model gets what diffusers would give it.
    const content = options.strength === 1 ? null : args.maskContent;
    const prepared = args.pasteBack ? await prepare(canvas, mask, plan, content) : undefined;
    const pictures = prepared ?? {
      image: convertColours(canvas.read(plan.frame), picture.colourSpace, 'srgb'),
      mask: cropPixels(unpasted, plan.frame),
    };
    const told = withModelSettings(request, options, model);
    const toldNote = noteOf(told.suited, leftOut(args));
    if (toldNote !== null) run.onNote?.(toldNote);
    const unknown = args.pasteBack ? unknownWords(request.prompt, model.drawsThings ?? []) : [];
    if (model.drawsThings?.length && unknown.length > 0)
      run.onNote?.(
        `The model does not know ${unknown.slice(0, 3).join(', ')}: what is masked is only taken away.`,
      );
    const outcome = await runAtSize({ ...told, pictures, size: plan.size, isBare: !args.pasteBack }, opened, {
      signal: run.signal,
      onProgress: (progress) => run.onProgress(withoutPreview(progress)),
    });
    const facts = { ...outcome, plan, told };
    if (prepared === undefined) return { ...facts, result: outcome.pixels };
    const patch = asClamped(scalePixels(outcome.pixels, plan.frame));
    pasteResult(canvas, patch, { plan, weights: prepared.weights, matches: args.colourMatch });
    return { ...facts, result: picture };
  };
  const painted = await run.host
    .withModel(wanted, asked, run, work)
    .catch((error: unknown) => rethrowNaming(error, { image_url: '--image', mask_url: maskFlag(args) }));
  const { result, plan, told, seed, timings } = painted;

  // 4. To the disk
  const recipe = recipeOf({
    engine: 'local',
    request: { ...told.request, model_name: withoutPath(request.model_name) },
    options: {
      ...told.options,
      ...(!plan.ownScale && plan.size),
      loras: (options.loras ?? []).map(sourceWithoutPath),
      embeddings: (options.embeddings ?? []).map(sourceWithoutPath),
    },
    page: {
      ...(!args.colourMatch && { colour_match: false }),
      ...(args.maskContent !== 'original' && { mask_content: args.maskContent }),
    },
    seed,
    width: result.width,
    height: result.height,
    madeAt: new Date(),
  });
  // What is not pasted back is the model's own image, in sRGB.
  const icc = args.pasteBack ? picture.icc : null;
  const file = await encodeFile(result, kind, icc, recipeTexts(recipe));
  if (file.note !== null) run.onNote?.(`--out: ${file.note}.`);
  await writeFileAt('--out', args.out, file.bytes);
  if (maskOut !== undefined) {
    const { bytes } = await encodeFile(maskToPixels(mask), 'png', null, []);
    await writeFileAt('--mask-out', maskOut, bytes);
  }
  return {
    image: {
      url: pathToFileURL(resolve(args.out)).href,
      content_type: file.contentType,
      file_name: basename(args.out),
      file_size: file.bytes.byteLength,
      width: result.width,
      height: result.height,
    },
    seed,
    timings,
  };
}

/** Cuts out what the model is shown, scaled by Lanczos. @throws InputError (`--mask`) if nothing would be repainted */
async function prepare(
  canvas: EditableImage,
  mask: Mask,
  plan: CropPlan,
  content: MaskContent | null,
): Promise<PreparedCrop<Pixels>> {
  const source = { mask, maskAt: { x: 0, y: 0 }, plan, feather: defaultFeather(plan), content };
  const prepared = await prepareCrop(async () => canvas, source, {
    scale: async (pixels, size) => asClamped(scalePixels(pixels, size)),
    encode: async (pixels, size) => scalePixels(pixels, size),
    encodeMask: async (modelMask) => maskToPixels(modelMask),
  });
  if (prepared === null) throw new InputError('--mask', '--mask: it paints nothing inside the frame');
  return prepared;
}

/** @throws InputError (`--mask-out`) if it cannot be written, or would lose values */
async function checkMaskOut(path: string): Promise<void> {
  if (outputKind('--mask-out', path) !== 'png')
    throw new InputError('--mask-out', `--mask-out: ${path} would lose values; use .png`);
  await checkWritable('--mask-out', path);
}

/** @throws InputError if its size is not the image's, or it cannot be read */
async function decodeMask(mask: MeasuredPicture, image: Size): Promise<Pixels> {
  checkSameSize(image, mask, '--mask');
  return mask.decode();
}

function maskFlag({ mask }: Arguments): string {
  return mask === undefined ? '--select' : '--mask';
}

/** @throws the error, naming the flag in place of the request's field if it is about one of these */
function rethrowNaming(error: unknown, flags: Readonly<Record<string, string>>): never {
  if (!(error instanceof InputError)) throw error;
  const flag = flags[error.field];
  throw flag === undefined ? error : new InputError(flag, error.message.replace(error.field, flag));
}

/** Runs a check and makes its errors name the flag that the user typed. */
function namingFlags<Result>(check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // For a list the contract also gives index and part of the entry, which flags do not have.
    const [field = ''] = error.field.split('.');
    const flag = flagOf(field);
    throw new InputError(flag, error.message.replace(error.field, flag));
  }
}

/** `Without effect with this model: --steps (Removing has no steps.)`; null if all that was given counts. */
function unusedIn({ request, options, colourMatch, maskContent }: Arguments): string | null {
  const page = {
    ...(!colourMatch && { colour_match: false }),
    ...(maskContent !== 'original' && { mask_content: maskContent }),
  };
  const given = { ...options, ...request, ...page };
  const fields = optionFields.filter((field) => field in given && given[field as keyof typeof given] !== '');
  const named = fields.flatMap((field) => {
    const reason = reasonUnused(field, request.model_name);
    return reason === undefined ? [] : [`${flagOf(field)} (${reason.replace(/\.$/, '')})`];
  });
  return named.length > 0 ? `Without effect with "${request.model_name}": ${named.join(', ')}` : null;
}

/** Settings that the arguments leave to the model. */
function leftOut({ request, options }: Arguments): (keyof ModelSettings)[] {
  const given = { ...options, ...request };
  return (['num_inference_steps', 'guidance_scale', 'scheduler'] as const).filter(
    (field) => given[field] === undefined,
  );
}

/** `Set for this model: 4 steps, guidance 0`; null if nothing was. */
function noteOf(suited: SuitedSettings | null, fields: readonly (keyof ModelSettings)[]): string | null {
  if (suited === null) return null;
  const taken = Object.entries(suited.settings).filter(([field]) => fields.some((name) => name === field));
  if (taken.length === 0) return null;
  const guess = suited.from === 'name' ? ', guessed from its name' : '';
  return `Set for this model${guess}: ${settingsInWords(Object.fromEntries(taken))}`;
}

/** The plan's size; undefined if it depends on the model. */
function sizeBefore(
  { crop, request }: Arguments,
  { width, height }: LocalOptions,
  picture: Pixels,
): Size | undefined {
  if (taskOf(request.model_name) === 'remove') return undefined;
  if (width !== undefined && height !== undefined) return { width, height };
  if (crop !== 'none') return undefined;
  const own = roundDown(picture);
  return { width: width ?? own.width, height: height ?? own.height };
}

function planFor(
  { crop }: Arguments,
  options: LocalOptions,
  picture: Pixels,
  mask: Mask,
  model: Sizes,
): CropPlan {
  if (crop !== 'none') return planAroundMask(picture, mask, crop, sizesFor(options, model));
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  const { width, height } = options;
  const { removes } = model;
  if (model.ownScale) return planFrame(whole, model);
  if (width !== undefined && height !== undefined) return { frame: whole, size: { width, height }, removes };
  const own = model.fixedSize ?? roundDown(picture, model.multiple);
  return { frame: whole, size: { width: width ?? own.width, height: height ?? own.height }, removes };
}

type Sizes = Pick<Model, 'nativeSize' | 'fixedSize' | 'ownScale' | 'removes' | 'multiple'>;

/** A diffusion model's own picture, as diffusers gives it, is of its own size. */
function bare(model: Model): Sizes {
  if (model.task === 'remove') return model;
  const { ownScale: _, ...sizes } = model;
  return sizes;
}

/** Sizes to plan the crop for: those that the arguments set, or else the model's own. */
function sizesFor({ width, height }: LocalOptions, model: Sizes): Sizes {
  const { nativeSize, fixedSize } = model;
  if (model.ownScale || (width === undefined && height === undefined)) return model;
  const own = fixedSize ?? { width: nativeSize, height: nativeSize };
  const asked = { width: width ?? own.width, height: height ?? own.height };
  return { ...model, nativeSize: Math.max(asked.width, asked.height), fixedSize: asked };
}

function planAroundMask(picture: Pixels, mask: Mask, padding: number | 'auto', sizes: Sizes): CropPlan {
  const bounds = maskBounds(mask);
  const pixels = padding === 'auto' ? defaultPadding(bounds, sizes) : padding;
  const { nativeSize, fixedSize, ownScale, removes, multiple } = sizes;
  return planCrop({
    imageSize: picture,
    maskBounds: bounds,
    padding: pixels,
    ...{ nativeSize, fixedSize, ownScale, removes, multiple },
  });
}

/** Local paths must not leak into shared files. Own models are marked as the page marks them. */
function withoutPath(name: string): string {
  return name !== STARTER && existsSync(name) ? `disk:${basename(resolve(name))}` : name;
}

function sourceWithoutPath<Option extends { source: string | File }>(option: Option): Option {
  const { source } = option;
  const isPath = typeof source === 'string' && existsSync(source);
  return { ...option, source: isPath ? new File([], basename(resolve(source))) : source };
}

/** Rounds both sides down to multiples of 8 or of what the model wants. @throws InputError if the image is too small */
function roundDown({ width, height }: Pixels, multiple = 8): Size {
  const size = { width: width - (width % multiple), height: height - (height % multiple) };
  if (size.width < 64 || size.height < 64) {
    throw new InputError(
      '--image',
      `--image: the image is ${width} × ${height}; the minimum to send it whole is 64 × 64. Set --width and --height, or ` +
        'leave out --no-crop and --no-paste-back',
    );
  }
  return size;
}

function asClamped({ data, width, height }: Pixels) {
  return { data: new Uint8ClampedArray(data), width, height };
}
