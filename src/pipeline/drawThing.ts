/**
 * For models that draw a thing and know little of the ground it stands on. The thing is drawn before two plain grounds, from
 * which its outline and colours follow (image/matte/matte.ts), and is laid on the image with what was masked taken away: around it
 * the image goes on as after a removal, at its own resolution.
 */
import { namedThings, type Things } from '../contract/things';
import { clarified } from '../image/matte/clarity';
import { lightOf } from '../image/matte/light';
import { layMatte, type Matte, matteOf } from '../image/matte/matte';
import { type Pose, placeMatte } from '../image/matte/place';
import { createPixels, type Pixels } from '../image/raster';
import { scalePixels } from '../image/scale';
import { type InpaintCall, type InpaintJob, type InpaintOutcome, inpaint } from './inpaint';
import type { DiffusionModel, RemovalModel } from './model';
import { TorchGenerator } from './noise/random';
import { checkLeaves, checkOwnScale, readHole } from './remove';
import { stageTimer } from './timing';

/** Grey levels of the two grounds: far apart, and far from black and white, which few things are drawn before. */
const [DARKNESS, LIGHTNESS] = [64, 192];

/**
 * The mask that the model sees, always the same: as large as most of its training's and nearly square
 * (tools/starter/compose.py), a superellipse of this power. However small or thin the painted mask is, the thing has as many
 * of the model's own pixels as it can have.
 */
const [MASK_SHARE, MASK_POWER] = [2 / 3, 4];

/** How a seed varies the thing: at most this much smaller than the mask allows, and at most this many radians leaning. */
const [SMALLER, LEAN] = [0.15, 0.1];

/**
 * Draws the first thing that the prompt names. A prompt that names none that the model knows leaves the ground alone; callers
 * say so (contract/things.ts).
 * @param job its size is that of the image that comes back
 * @param ground takes away what is masked
 * @throws InputError if nothing of the image is left or it is too large; as {@link inpaint}, and as the ground
 */
export async function drawThing(
  model: DiffusionModel,
  ground: RemovalModel,
  job: InpaintJob,
  call: InpaintCall,
): Promise<InpaintOutcome> {
  const { signal } = call;
  const { timed, timings } = stageTimer(signal);
  const size = { width: job.width, height: job.height };
  checkOwnScale(size);
  const hole = readHole(scalePixels(job.mask, size));
  checkLeaves(hole);

  // 1. The ground, beside the drawing: a host that has a thread for it has it done when the thing is
  const failed = new AbortController();
  const grounding = timed('remove', () =>
    ground.run(scalePixels(job.image, size), hole, {
      seed: job.seed,
      signal: AbortSignal.any([signal, failed.signal]),
      onProgress: () => {},
    }),
  );
  // Awaited below, unless the drawing fails first.
  grounding.catch(() => {});

  // 2. The thing; without a prompt there is none
  const prompt = promptFor(job.prompt, model.drawsThings ?? []);
  const drawn =
    prompt === null
      ? undefined
      : await drawTwice(model, { ...job, prompt }, shownMask(model.nativeSize), call).catch(
          (error: unknown) => {
            failed.abort();
            throw error;
          },
        );
  call.onProgress({ stage: 'decode' });
  const pixels = await grounding;
  if (drawn === undefined) return { pixels, timings };

  // 3. The thing on it
  const place = placeMatte(drawn.matte, hole, poseOf(job.seed));
  if (place !== null) layMatte(pixels, drawn.matte, hole.data, place, lightOf(pixels, hole.data));
  return { pixels, timings: { ...drawn.timings, ...timings } };
}

/**
 * The prompt in the words that the model was trained on: a word that it has never seen, a plural even, would give a picture
 * of no thing at all.
 * @returns null if nothing is to be drawn
 */
function promptFor(prompt: string, things: Things): string | null {
  if (things.length === 0) return prompt.trim() === '' ? null : prompt;
  const [first] = namedThings(prompt, things);
  return first === undefined ? null : `a photo of a ${first}`;
}

/** An image: white in its middle. */
export function shownMask(nativeSize: number): Pixels {
  const mask = createPixels({ width: nativeSize, height: nativeSize });
  const half = nativeSize / 2;
  const from = (index: number) => Math.abs((index + 0.5 - half) / (MASK_SHARE * half)) ** MASK_POWER;
  for (let row = 0; row < nativeSize; row++) {
    for (let column = 0; column < nativeSize; column++) {
      const value = from(column) + from(row) <= 1 ? 255 : 0;
      mask.data.set([value, value, value, 255], 4 * (row * nativeSize + column));
    }
  }
  return mask;
}

/** The two runs share the job's steps: few of them repeat what the first has drawn. */
async function drawTwice(
  model: DiffusionModel,
  job: InpaintJob,
  mask: Pixels,
  { signal, cache, onProgress }: InpaintCall,
): Promise<{ matte: Matte; timings: Record<string, number> }> {
  const { width, height } = mask;
  const steps = Math.ceil(job.steps / 2);
  const timings: Record<string, number> = {};
  const draw = async (grey: number, before: number) => {
    const outcome = await inpaint(
      model,
      { ...job, image: plain(mask, grey), mask, width, height, steps, strength: 1 },
      {
        signal,
        ...(cache && { cache }),
        onProgress(progress) {
          // Neither its previews nor its stages are those of the image.
          if (progress.stage !== 'denoise') return;
          // Told in the steps that were asked for: an odd number is rounded up between the two.
          const step = Math.floor(((before + progress.step) * job.steps) / (2 * steps));
          onProgress({ stage: 'denoise', step, steps: job.steps });
        },
      },
    );
    for (const [stage, ms] of Object.entries(outcome.timings)) timings[stage] = (timings[stage] ?? 0) + ms;
    return outcome.pixels;
  };
  const dark = await draw(DARKNESS, 0);
  const light = await draw(LIGHTNESS, steps);
  return { matte: clarified(matteOf(dark, light, DARKNESS, LIGHTNESS)), timings };
}

function plain({ width, height }: Pixels, grey: number): Pixels {
  const pixels = createPixels({ width, height });
  for (let i = 0; i < pixels.data.length; i += 4) pixels.data.set([grey, grey, grey, 255], i);
  return pixels;
}

/**
 * How the thing is laid down. The model draws the same for every seed, so the seed decides its side, size, lean and place;
 * neighbouring seeds, as those of variations, face opposite ways.
 */
export function poseOf(seed: number): Pose {
  const [first = 0, second = 0, third = 0] = new TorchGenerator(seed).randn(3);
  const within = (value: number) => Math.min(1, Math.max(-1, value / 2));
  return {
    size: 1 - SMALLER * Math.abs(within(first)),
    lean: LEAN * within(second),
    isMirrored: seed % 2 !== 0,
    along: (1 + within(third)) / 2,
  };
}
