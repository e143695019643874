import { expect, it, vi } from 'vitest';
import type { Things } from '../contract/things';
import { createMask, createPixels, type Mask, type Pixels } from '../image/raster';
import {
  type StableDiffusionParts,
  stableDiffusion,
  type UnetConditioning,
} from './conditioning/stableDiffusion';
import { drawThing, poseOf, shownMask } from './drawThing';
import type { InpaintJob, PipelineProgress } from './inpaint';
import type { Denoiser, RemovalModel, TextBranch, Vae } from './model';

const NATIVE = 256;
const RED = [200, 40, 40];
const BLUE = [40, 40, 200];
/** Of the thing that the fake draws: a square in the middle, its left half red and its right half blue. */
const HALF = 70;

/** A model that draws its thing on whatever ground it is shown, and keeps what masks it was shown. */
function painter({ draws = true, things = [{ name: 'square', synonyms: ['box'] }] as Things } = {}) {
  let ground = 0;
  /** Sides in pixels of what was masked, by run. */
  const masked: number[] = [];
  const asked = new Set<string>();
  const vae: Vae = {
    scalingFactor: 1,
    latentChannels: 4,
    downscale: 8,
    encode(pixels, { width, height }) {
      // What is masked is grey 0 in −1 … 1, and neither ground is.
      ground = pixels[0] ?? 0;
      const row = pixels.subarray((height / 2) * width, (height / 2 + 1) * width);
      masked.push(row.filter((value) => value === 0).length);
      return Promise.resolve(new Float32Array((8 * width * height) / 64));
    },
    decode(_latents, size) {
      const [width, height] = [8 * size.width, 8 * size.height];
      const plane = width * height;
      const pixels = new Float32Array(3 * plane).fill(ground);
      for (let i = 0; draws && i < plane; i++) {
        const [x, y] = [(i % width) + 0.5 - width / 2, Math.floor(i / width) + 0.5 - height / 2];
        if (Math.abs(x) > HALF || Math.abs(y) > HALF) continue;
        const colour = x < 0 ? RED : BLUE;
        for (let c = 0; c < 3; c++) pixels[c * plane + i] = (colour[c] ?? 0) / 127.5 - 1;
      }
      return Promise.resolve(pixels);
    },
    dispose: () => Promise.resolve(),
  };
  const branch: TextBranch = {
    tokenizer: {
      length: 4,
      has: () => false,
      withTokens: () => branch.tokenizer,
      count: (text) => text.length,
      tokens(text) {
        asked.add(text);
        return [7];
      },
      row: () => Int32Array.of(1, 7, 2, 2),
      encode: () => Int32Array.of(1, 7, 2, 2),
    },
    encoder: () =>
      Promise.resolve({
        width: 3,
        encode: (_ids, batch) => Promise.resolve({ states: new Float32Array(batch * 4 * 3) }),
        dispose: () => Promise.resolve(),
      }),
  };
  const predict = vi.fn<Denoiser<UnetConditioning>['predict']>((latents, _size, _time, { rows }) =>
    Promise.resolve(new Float32Array(latents.length * rows)),
  );
  const upload: StableDiffusionParts['upload'] = (_values, dims) => ({
    dims,
    read: () => Promise.reject(new Error('never read')),
    dispose: () => {},
  });
  const model = stableDiffusion({
    name: 'fake',
    text: [branch],
    schedulerConfig: { className: 'DDIMScheduler', keys: { clip_sample: false } },
    nativeSize: NATIVE,
    ...{ ownScale: true, drawsThings: things },
    upload,
    denoiser: () =>
      Promise.resolve({ label: 'UNet', inpainting: 'native', predict, dispose: () => Promise.resolve() }),
    vae: () => Promise.resolve(vae),
    dispose: () => Promise.resolve(),
  });
  return { model, masked, predict, asked };
}

const GREEN = [70, 120, 60];

/** Paints the hole green. */
function greenGround() {
  const run = vi.fn<RemovalModel['run']>((image, hole) => {
    const filled = { ...image, data: new Uint8ClampedArray(image.data) };
    hole.data.forEach((value, i) => {
      if (value !== 0) filled.data.set([...GREEN, 255], 4 * i);
    });
    return Promise.resolve(filled);
  });
  const ground: RemovalModel = {
    task: 'remove',
    name: 'green',
    nativeSize: 256,
    removes: true,
    run,
    dispose: () => Promise.resolve(),
  };
  return { ground, run };
}

/** A circular hole, white, in an image of 240 × 160. */
const [WIDTH, HEIGHT] = [240, 160];
function circle(x: number, y: number, radius: number): Mask {
  const mask = createMask({ width: WIDTH, height: HEIGHT });
  for (let i = 0; i < mask.data.length; i++) {
    const away = Math.hypot((i % WIDTH) + 0.5 - x, Math.floor(i / WIDTH) + 0.5 - y);
    if (away <= radius) mask.data[i] = 255;
  }
  return mask;
}

function asPixels(hole: Mask): Pixels {
  const pixels = createPixels(hole);
  hole.data.forEach((value, i) => {
    pixels.data.set([value, value, value, 255], 4 * i);
  });
  return pixels;
}

function jobOf(hole: Mask, given: Partial<InpaintJob> = {}): InpaintJob {
  const image = createPixels(hole);
  for (let i = 0; i < hole.data.length; i++) image.data.set([90, 90, 90, 255], 4 * i);
  return {
    ...{
      image,
      mask: asPixels(hole),
      prompt: 'a square',
      negativePrompt: '',
      steps: 6,
      guidanceScale: 1,
      seed: 2,
    },
    ...{ strength: 1, width: WIDTH, height: HEIGHT, ...given },
  };
}

const call = (onProgress: (progress: PipelineProgress) => void = () => {}) => ({
  signal: new AbortController().signal,
  onProgress,
});

/** How many pixels of the hole, left and right of its middle, are rather red and rather blue than green. */
function colours({ data }: Pixels, hole: Mask, middle: number) {
  const count = { redLeft: 0, redRight: 0, blueLeft: 0, blueRight: 0, outside: 0 };
  hole.data.forEach((value, i) => {
    const [red = 0, green = 0, blue = 0] = data.subarray(4 * i, 4 * i + 3);
    if (value === 0) {
      if (red !== 90 || green !== 90 || blue !== 90) count.outside++;
      return;
    }
    const side = i % WIDTH < middle ? 'Left' : 'Right';
    if (red > 1.5 * green) count[`red${side}`]++;
    if (blue > 1.5 * green) count[`blue${side}`]++;
  });
  return count;
}

const removal = { seed: 2, signal: new AbortController().signal, onProgress: () => {} };

/** Unlike toEqual it does not print a whole image. */
function isSame(one: Pixels, other: Pixels): boolean {
  return one.data.length === other.data.length && one.data.every((value, i) => value === other.data[i]);
}

it('the thing stands in the hole on its ground, and nothing outside the hole changes', async () => {
  const { model } = painter();
  const { ground, run } = greenGround();
  const hole = circle(120, 80, 60);
  const { pixels } = await drawThing(model, ground, jobOf(hole), call());
  expect(isSame(asPixels(run.mock.calls[0]?.[1] ?? createMask(hole)), asPixels(hole))).toBe(true);
  const seen = colours(pixels, hole, 120);
  expect(seen.outside).toBe(0);
  // A square in a circle of 60 px has sides of at most 85 px, 7,200 px in all.
  expect(seen.redLeft + seen.blueRight).toBeGreaterThan(4000);
  expect(seen.redLeft + seen.blueRight).toBeLessThan(7200);
  // Between the square and the edge is the ground.
  const top = 4 * (22 * WIDTH + 120);
  expect([...pixels.data.subarray(top, top + 4)]).toEqual([...GREEN, 255]);
});

it('a small hole is shown to the model as large as any other, at least 100 of its pixels', async () => {
  const sizes = [];
  for (const radius of [12, 30, 70]) {
    const { model, masked } = painter();
    const hole = circle(120, 80, radius);
    const { pixels } = await drawThing(model, greenGround().ground, jobOf(hole), call());
    sizes.push(...masked);
    const { redLeft, blueRight, outside } = colours(pixels, hole, 120);
    // The thing is as large as its hole lets it be: a third of it at least.
    expect(redLeft + blueRight).toBeGreaterThan((Math.PI * radius ** 2) / 3);
    expect(outside).toBe(0);
  }
  expect(new Set(sizes).size).toBe(1);
  expect(sizes[0]).toBeGreaterThanOrEqual(100);
  const mask = shownMask(NATIVE);
  const white = mask.data.filter((value, i) => i % 4 === 0 && value === 255).length;
  expect(white).toBeGreaterThan(100 * 100);
});

it('neighbouring seeds face opposite ways', async () => {
  const hole = circle(120, 80, 60);
  const facing = [];
  for (const seed of [2, 3]) {
    const { model } = painter();
    const { pixels } = await drawThing(model, greenGround().ground, jobOf(hole, { seed }), call());
    const { redLeft, redRight } = colours(pixels, hole, 120);
    facing.push(redLeft > redRight);
  }
  expect(facing).toEqual([true, false]);
  expect(poseOf(2)).toEqual(poseOf(2));
});

it('an empty prompt draws nothing: the ground alone', async () => {
  const { model, predict } = painter();
  const { ground } = greenGround();
  const hole = circle(120, 80, 40);
  const { pixels, timings } = await drawThing(model, ground, jobOf(hole, { prompt: '  ' }), call());
  expect(predict).not.toHaveBeenCalled();
  expect(Object.keys(timings)).toEqual(['remove']);
  expect(isSame(pixels, await ground.run(jobOf(hole).image, hole, removal))).toBe(true);
});

it('the model is asked in words that it knows, and a prompt with none of them draws nothing', async () => {
  const hole = circle(120, 80, 40);
  const askedBy = async (prompt: string, things?: Things) => {
    const { model, asked } = painter(things && { things });
    await drawThing(model, greenGround().ground, jobOf(hole, { prompt }), call());
    return [...asked].filter((text) => text !== '');
  };
  expect(await askedBy('two old boxes in the grass')).toEqual(['a photo of a square']);
  expect(await askedBy('a submarine')).toEqual([]);
  // Without a list the prompt is the model's own business.
  expect(await askedBy('a submarine', [])).toEqual(['a submarine']);
});

it('a model that draws nothing leaves the ground', async () => {
  const { model } = painter({ draws: false });
  const { ground } = greenGround();
  const hole = circle(120, 80, 40);
  const { pixels } = await drawThing(model, ground, jobOf(hole), call());
  expect(isSame(pixels, await ground.run(jobOf(hole).image, hole, removal))).toBe(true);
});

it('the two drawings share the steps that were asked for, and tell no others', async () => {
  for (const steps of [6, 5, 1]) {
    const { model, predict } = painter();
    const told: number[] = [];
    const run = call((progress) => {
      if (progress.stage !== 'denoise') return;
      expect(progress.steps).toBe(steps);
      told.push(progress.step);
    });
    await drawThing(model, greenGround().ground, jobOf(circle(120, 80, 40), { steps }), run);
    expect(predict).toHaveBeenCalledTimes(2 * Math.ceil(steps / 2));
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(steps);
  }
});

it('a mask that leaves nothing of the image is refused before anything is drawn', async () => {
  const { model, predict } = painter();
  const { ground, run } = greenGround();
  const all = createMask({ width: WIDTH, height: HEIGHT });
  all.data.fill(255);
  await expect(drawThing(model, ground, jobOf(all), call())).rejects.toThrow('everything is masked');
  expect(predict).not.toHaveBeenCalled();
  expect(run).not.toHaveBeenCalled();
});

it('begins with the ground before the thing is drawn, and gives it up if the drawing fails', async () => {
  const { model, predict } = painter();
  const { ground, run } = greenGround();
  let signal: AbortSignal | undefined;
  run.mockImplementation((_image, _hole, given) => {
    signal = given.signal;
    expect(predict).not.toHaveBeenCalled();
    return new Promise((_resolve, reject) => {
      given.signal.addEventListener('abort', () => reject(given.signal.reason));
    });
  });
  predict.mockRejectedValue(new Error('cannot be drawn'));
  await expect(drawThing(model, ground, jobOf(circle(120, 80, 40)), call())).rejects.toThrow(
    'cannot be drawn',
  );
  expect(signal?.aborted).toBe(true);
});
