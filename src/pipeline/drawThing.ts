/**
 * For models that draw a thing and know little of the ground it stands on. The thing is drawn before two plain grounds, from
 * which its outline and colours follow (image/matte.ts), and is laid on the image with what was masked taken away: around it
 * the image goes on as after a removal, at its own resolution.
 */
import { maskBounds } from '../image/mask/mask';
import { layMatte, type Matte, matteOf, type Placement } from '../image/matte';
import { createPixels, type Mask, type Pixels } from '../image/raster';
import { scalePixels } from '../image/scale';
import { type InpaintCall, type InpaintJob, type InpaintOutcome, inpaint } from './inpaint';
import type { DiffusionModel, RemovalModel } from './model';
import { TorchGenerator } from './noise/random';
import { readHole } from './remove';
import { stageTimer } from './timing';

/** Grey levels of the two grounds: far apart, and far from black and white, which few things are drawn before. */
const [DARKNESS, LIGHTNESS] = [64, 192];

/** The mask's longer side as a part of what the model sees: most of its training (tools/starter/compose.py). */
const MASK_SHARE = 2 / 3;

/** How a seed varies the thing: at most this much smaller than the mask allows, and at most this many radians leaning. */
const [SHRINK, LEAN] = [0.15, 0.1];

/**
 * Draws what the prompt names.
 * @param job its size is that of the image that comes back
 * @param ground takes away what is masked
 * @throws as {@link inpaint}, and as the ground
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
  const hole = readHole(scalePixels(job.mask, size));

  // 1. The thing; without a prompt there is none
  const square = squareAround(hole);
  const named = job.prompt.trim() !== '';
  const drawn = named
    ? await drawTwice(model, job, shownMask(hole, square, model.nativeSize), call)
    : undefined;

  // 2. The ground
  call.onProgress({ stage: 'decode' });
  const pixels = await timed('remove', () =>
    ground.run(scalePixels(job.image, size), hole, { seed: job.seed, signal, onProgress: () => {} }),
  );
  if (drawn === undefined) return { pixels, timings };

  // 3. The thing on it
  layMatte(pixels, drawn.matte, hole.data, placementOf(square, model.nativeSize, job.seed));
  return { pixels, timings: { ...drawn.timings, ...timings } };
}

/** In image pixels. */
interface Square {
  /** Of its centre. */
  x: number;
  y: number;
  side: number;
}

/** What the model sees: a square around the mask, which may reach beyond the image since its grounds are plain. */
export function squareAround(hole: Mask): Square {
  const { x, y, width, height } = maskBounds(hole);
  return { x: x + width / 2, y: y + height / 2, side: Math.max(width, height) / MASK_SHARE };
}

/** The hole in the model's own pixels, as an image. */
function shownMask(hole: Mask, { x, y, side }: Square, nativeSize: number): Pixels {
  const mask = createPixels({ width: nativeSize, height: nativeSize });
  const scale = side / nativeSize;
  for (let row = 0; row < nativeSize; row++) {
    const imageY = Math.floor(y + (row + 0.5 - nativeSize / 2) * scale);
    for (let column = 0; column < nativeSize; column++) {
      const imageX = Math.floor(x + (column + 0.5 - nativeSize / 2) * scale);
      const isInside = imageX >= 0 && imageY >= 0 && imageX < hole.width && imageY < hole.height;
      const value = isInside ? (hole.data[imageY * hole.width + imageX] ?? 0) : 0;
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
  return { matte: matteOf(dark, light, DARKNESS, LIGHTNESS), timings };
}

function plain({ width, height }: Pixels, grey: number): Pixels {
  const pixels = createPixels({ width, height });
  for (let i = 0; i < pixels.data.length; i += 4) pixels.data.set([grey, grey, grey, 255], i);
  return pixels;
}

/**
 * Where the thing goes. The model draws the same for every seed, so the seed decides its side, size and lean; neighbouring
 * seeds, as those of variations, face opposite ways.
 */
export function placementOf({ x, y, side }: Square, nativeSize: number, seed: number): Placement {
  const [first = 0, second = 0] = new TorchGenerator(seed).randn(2);
  const shrink = 1 - SHRINK * Math.min(1, Math.abs(first) / 2);
  const lean = LEAN * Math.min(1, Math.max(-1, second / 2));
  const facing = seed % 2 === 0 ? 1 : -1;
  const scale = (side * shrink) / nativeSize;
  const [cos, sin] = [Math.cos(lean) / scale, Math.sin(lean) / scale];
  const middle = nativeSize / 2 - 0.5;
  return (column, row) => {
    const [dx, dy] = [column + 0.5 - x, row + 0.5 - y];
    return [middle + facing * (cos * dx + sin * dy), middle + cos * dy - sin * dx];
  };
}
