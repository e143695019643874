import { describe, expect, it, vi } from 'vitest';
import type { Pixels } from '../image/raster';
import {
  type StableDiffusionParts,
  stableDiffusion,
  type UnetConditioning,
} from './conditioning/stableDiffusion';
import { InpaintCache, type InpaintJob, inpaint, type PipelineProgress } from './inpaint';
import type { Denoiser, DeviceTensor, TextBranch, TextEncoder, Vae } from './model';
import { TorchGenerator } from './noise/random';

const SIDE = 16; // pixels; latents are 2 × 2
const LATENTS = 4 * 2 * 2;

const tensor = (dims: readonly number[], onDispose = () => {}): DeviceTensor => ({
  dims,
  read: () => Promise.reject(new Error('never read')),
  dispose: onDispose,
});

type Predict = Denoiser<UnetConditioning>['predict'];

interface Fakes {
  inpainting?: Denoiser['inpainting'];
  /** Two text encoders, the second with a pooled output. */
  xl?: StableDiffusionParts['xl'];
  guidanceWidth?: number;
  predict?: Predict;
  decode?: Vae['decode'];
}

/**
 * A model of fakes. The VAE's posterior has mean 0.5 and log variance 0, and its decoder returns the first latent channel;
 * the UNet predicts 0 by default.
 */
function fakeModel({ inpainting = 'native', xl, guidanceWidth, predict, decode }: Fakes = {}) {
  const uploads = { held: 0 };
  const textEncode = vi.fn<TextEncoder['encode']>((ids, batch) =>
    Promise.resolve({
      states: new Float32Array(batch * 4 * 3).map((_, i) => ids[Math.floor(i / 3)] ?? 0),
      ...(xl && { pooled: new Float32Array(batch * 2).map((_, i) => 10 * Math.floor(i / 2) + 1) }),
    }),
  );
  const branch: TextBranch = {
    tokenizer: {
      length: 4,
      has: () => false,
      withTokens() {
        throw new Error('no tokens are added here');
      },
      count: (text) => text.length,
      tokens: (text) => Array.from(text, (character) => character.charCodeAt(0)),
      row: (ids) => Int32Array.from([1, ids[0] ?? 2, ids[1] ?? 2, 2]),
      encode: () => Int32Array.of(),
    },
    encoder: () =>
      Promise.resolve({
        width: 3,
        ...(xl && { pooledWidth: 2 }),
        encode: textEncode,
        dispose: () => Promise.resolve(),
      }),
  };
  const upload = vi.fn<StableDiffusionParts['upload']>((_, dims) => {
    uploads.held++;
    return tensor(dims, () => uploads.held--);
  });
  const unet = {
    label: 'UNet',
    inpainting,
    predict: vi.fn<Predict>(
      predict ??
        ((sample, _size, _timestep, { promptEmbeddings }) =>
          Promise.resolve(new Float32Array(sample.length * (promptEmbeddings.dims[0] ?? 0)))),
    ),
    dispose: () => Promise.resolve(),
  };
  const vae = {
    scalingFactor: 0.5,
    latentChannels: 4,
    downscale: 8,
    encode: vi.fn<Vae['encode']>(() => {
      const moments = new Float32Array(2 * LATENTS);
      return Promise.resolve(moments.fill(0.5, 0, LATENTS));
    }),
    decode: vi.fn<Vae['decode']>(
      decode ?? ((latents) => Promise.resolve(new Float32Array(3 * SIDE * SIDE).fill(latents[0] ?? 0))),
    ),
    dispose: () => Promise.resolve(),
  };
  const model = stableDiffusion({
    name: 'fake',
    text: xl ? [branch, branch] : [branch],
    ...(xl && { xl }),
    ...(guidanceWidth !== undefined && { guidanceWidth }),
    schedulerConfig: { className: 'DDIMScheduler', keys: { clip_sample: false } },
    nativeSize: SIDE,
    upload,
    denoiser: () => Promise.resolve(unet),
    vae: () => Promise.resolve(vae),
    dispose: () => Promise.resolve(),
  });
  /** The values of the upload of these dims. */
  const uploaded = (...dims: number[]) =>
    upload.mock.calls.filter(([, given]) => given.join() === dims.join()).map(([values]) => [...values]);
  return { model, unet, upload, vae, textEncode, uploads, uploaded };
}

function plain(value: number): Pixels {
  return {
    data: new Uint8ClampedArray(SIDE * SIDE * 4).fill(255).map((byte, i) => (i % 4 < 3 ? value : byte)),
    width: SIDE,
    height: SIDE,
  };
}

/** White in the right half: latent cells 1 and 3. */
function rightHalf(): Pixels {
  const mask = plain(0);
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    if (pixel % SIDE >= SIDE / 2) mask.data.fill(255, pixel * 4, pixel * 4 + 3);
  }
  return mask;
}

const job: InpaintJob = {
  image: plain(255),
  mask: rightHalf(),
  prompt: 'cat',
  negativePrompt: 'dog',
  steps: 2,
  guidanceScale: 7.5,
  seed: 3,
  strength: 1,
  width: SIDE,
  height: SIDE,
};

const call = (signal = new AbortController().signal, cache?: InpaintCache) => {
  const progress: PipelineProgress[] = [];
  return { signal, cache, progress, onProgress: (report: PipelineProgress) => progress.push(report) };
};

describe('inpaint', () => {
  it('draws the noise, then the posterior of the masked picture, and uploads mask and latents once', async () => {
    const { model, unet, vae, uploads, uploaded } = fakeModel();
    await inpaint(model, job, call());

    const generator = new TorchGenerator(3);
    const noise = generator.randn(LATENTS);
    expect(unet.predict.mock.calls[0]?.[0]).toEqual(noise); // DDIM: initNoiseSigma 1
    // Mask of the four cells, then (0.5 + e⁰ · ε) · 0.5.
    const posterior = generator.randn(LATENTS).map((epsilon) => Math.fround(0.5 + epsilon) * 0.5);
    expect(uploaded(1, 5, 2, 2)).toEqual([[0, 1, 0, 1, ...posterior]]);
    // White left of the mask, mid-grey under it.
    expect(vae.encode).toHaveBeenCalledTimes(1);
    const pixels = vae.encode.mock.calls[0]?.[0];
    expect([pixels?.[0], pixels?.[SIDE / 2 - 1], pixels?.[SIDE / 2], pixels?.[SIDE - 1]]).toEqual([
      1, 1, 0, 0,
    ]);
    expect(uploads.held).toBe(0);
  });

  it('puts the negative row first', async () => {
    const { model, unet, textEncode, uploaded } = fakeModel();
    await inpaint(model, job, call());
    // "d" and "o", then "c" and "a": rows of two tokens, of which "dog" and "cat" need two each.
    const ids = [1, 100, 111, 2, 1, 103, 2, 2, 1, 99, 97, 2, 1, 116, 2, 2];
    expect([...(textEncode.mock.calls[0]?.[0] ?? [])]).toEqual(ids);
    expect(uploaded(2, 8, 3)).toEqual([ids.flatMap((id) => [id, id, id])]);
    expect(unet.predict.mock.calls[0]?.[3].promptEmbeddings.dims).toEqual([2, 8, 3]);
    expect(unet.predict.mock.calls[0]?.[3].maskLatents?.dims).toEqual([1, 5, 2, 2]);
  });

  it('runs one row at guidance 1', async () => {
    const { model, unet, textEncode } = fakeModel();
    await inpaint(model, { ...job, prompt: 'c', guidanceScale: 1 }, call());
    expect([...(textEncode.mock.calls[0]?.[0] ?? [])]).toEqual([1, 99, 2, 2]);
    expect(unet.predict.mock.calls[0]?.[3].promptEmbeddings.dims).toEqual([1, 4, 3]);
  });

  it('runs one row at any guidance where the UNet is told it', async () => {
    const { model, unet, textEncode, uploads, uploaded } = fakeModel({ guidanceWidth: 4 });
    await inpaint(model, { ...job, prompt: 'c', guidanceScale: 7.5 }, call());
    expect([...(textEncode.mock.calls[0]?.[0] ?? [])]).toEqual([1, 99, 2, 2]);
    expect(unet.predict.mock.calls[0]?.[3].guidanceEmbedding?.dims).toEqual([1, 4]);
    // 6.5 thousandfold, at frequencies 1 and 1/10,000: sines, then cosines.
    const expected = [Math.sin(6500), Math.sin(0.65), Math.cos(6500), Math.cos(0.65)];
    uploaded(1, 4)[0]?.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] ?? 0, 5);
    });
    expect(uploaded(1, 4)).toHaveLength(1);
    expect(uploads.held).toBe(0);
  });

  it('gives SDXL the states of both encoders, the first chunk’s pooled output, and the sizes', async () => {
    const { model, uploads, uploaded } = fakeModel({ xl: { zerosForEmptyPrompt: true } });
    await inpaint(model, { ...job, prompt: 'c', negativePrompt: 'dog' }, call());
    expect(uploaded(2, 8, 6)[0]?.slice(0, 12)).toEqual([...Array(6).fill(1), ...Array(6).fill(100)]);
    expect(uploaded(2, 2)).toEqual([[1, 1, 21, 21]]); // chunks 0 and 2 of four
    expect(uploaded(2, 6)).toEqual([[16, 16, 0, 0, 16, 16, 16, 16, 0, 0, 16, 16]]);
    expect(uploads.held).toBe(0);
  });

  it('takes zeros for an empty negative prompt where the model asks for it', async () => {
    const { model, textEncode, uploaded } = fakeModel({ xl: { zerosForEmptyPrompt: true } });
    await inpaint(model, { ...job, prompt: 'c', negativePrompt: ' ' }, call());
    expect(textEncode.mock.calls.map(([, batch]) => batch)).toEqual([1, 1]);
    expect(uploaded(2, 4, 6)[0]?.slice(0, 30)).toEqual([...Array(24).fill(0), ...Array(6).fill(1)]);
    expect(uploaded(2, 2)).toEqual([[0, 0, 1, 1]]);

    const kept = fakeModel({ xl: { zerosForEmptyPrompt: false } });
    await inpaint(kept.model, { ...job, prompt: 'c', negativePrompt: '' }, call());
    expect(kept.textEncode.mock.calls.map(([, batch]) => batch)).toEqual([2, 2]);
  });

  it('gives a 4-channel UNet no mask and keeps the picture’s latents outside it', async () => {
    const { model, unet, upload, vae } = fakeModel({ inpainting: 'blend' });
    await inpaint(model, job, call());
    expect(upload).toHaveBeenCalledTimes(1); // the embeddings
    expect(unet.predict.mock.calls[0]?.[3].maskLatents).toBeUndefined();
    // The image's posterior is drawn before the noise.
    const generator = new TorchGenerator(3);
    const imageLatents = generator.randn(LATENTS).map((epsilon) => Math.fround(0.5 + epsilon) * 0.5);
    expect(unet.predict.mock.calls[0]?.[0]).toEqual(generator.randn(LATENTS));
    const decoded = vae.decode.mock.calls[0]?.[0];
    for (const cell of [0, 2, 4, 6]) {
      expect(decoded?.[cell]).toBeCloseTo((imageLatents[cell] ?? 0) / 0.5, 6);
    }
    expect(decoded?.[1]).not.toBeCloseTo((imageLatents[1] ?? 0) / 0.5, 2);
  });

  it('leaves out the first steps at a strength below 1', async () => {
    const { model, unet, vae } = fakeModel();
    const { progress, ...rest } = call();
    await inpaint(model, { ...job, steps: 5, strength: 0.6 }, rest);
    // 5 · 0.6 = 3 steps: leading timesteps 801, 601, 401, 201, 1 without the first two.
    expect(unet.predict.mock.calls.map(([, , timestep]) => timestep)).toEqual([401, 201, 1]);
    expect(vae.encode).toHaveBeenCalledTimes(2); // image and masked image
    const steps = progress.flatMap((report) =>
      report.stage === 'denoise' ? [[report.step, report.steps]] : [],
    );
    expect(steps).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it('reports its stages, with a preview of one pixel a latent', async () => {
    const { model } = fakeModel();
    const { progress, ...rest } = call();
    const { timings, pixels } = await inpaint(model, job, rest);
    expect(progress.map(({ stage }) => stage)).toEqual(['encode', 'denoise', 'denoise', 'denoise', 'decode']);
    const last = progress[3];
    expect(last?.stage === 'denoise' && last.preview).toMatchObject({ width: 2, height: 2 });
    expect(Object.keys(timings).sort()).toEqual(['decode', 'denoise', 'encode', 'load', 'text']);
    expect([pixels.width, pixels.height, pixels.data.length]).toEqual([SIDE, SIDE, SIDE * SIDE * 4]);
  });
});

describe('a second run', () => {
  it('reuses prompt and picture, and gives the same picture as without', async () => {
    const { model, vae, textEncode, uploads, uploaded } = fakeModel();
    const masks = () => uploaded(1, 5, 2, 2);
    const cache = new InpaintCache();
    const first = await inpaint(model, job, call(undefined, cache));
    const again = await inpaint(model, { ...job, image: plain(255) }, call(undefined, cache));
    expect(again.pixels.data).toEqual(first.pixels.data);
    expect(textEncode).toHaveBeenCalledTimes(1);
    expect(vae.encode).toHaveBeenCalledTimes(1);
    expect(masks()[1]).toEqual(masks()[0]);

    // Another seed draws again from the same moments; another prompt or mask is encoded.
    await inpaint(model, { ...job, seed: 4 }, call(undefined, cache));
    expect(vae.encode).toHaveBeenCalledTimes(1);
    expect(masks()[2]).not.toEqual(masks()[0]);
    await inpaint(model, { ...job, prompt: 'bird', mask: plain(255) }, call(undefined, cache));
    expect(textEncode).toHaveBeenCalledTimes(2);
    expect(vae.encode).toHaveBeenCalledTimes(2);
    expect(uploads.held).toBe(0);
  });

  it('forgets what belonged to another model', async () => {
    const cache = new InpaintCache();
    const one = fakeModel();
    const other = fakeModel();
    await inpaint(one.model, job, call(undefined, cache));
    await inpaint(other.model, job, call(undefined, cache));
    expect(other.textEncode).toHaveBeenCalledTimes(1);
    expect(other.vae.encode).toHaveBeenCalledTimes(1);
  });
});

describe('what goes wrong', () => {
  it('stops within one step of a cancellation, disposes, and runs again afterwards', async () => {
    const controller = new AbortController();
    const { model, unet, vae, uploads } = fakeModel({
      predict: (sample) => {
        controller.abort();
        return Promise.resolve(new Float32Array(2 * sample.length));
      },
    });
    await expect(inpaint(model, { ...job, steps: 20 }, call(controller.signal))).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(unet.predict).toHaveBeenCalledTimes(1);
    expect(vae.decode).not.toHaveBeenCalled();
    expect(uploads.held).toBe(0);
    await expect(inpaint(model, job, call())).resolves.toHaveProperty('pixels');
  });

  it('says so where a network gives NaN, and never shows a black picture', async () => {
    const nan = fakeModel({
      predict: (sample) => Promise.resolve(new Float32Array(2 * sample.length).fill(Number.NaN)),
    });
    await expect(inpaint(nan.model, job, call())).rejects.toThrow(
      /UNet gave values that are not numbers.*Its weights/,
    );
    await expect(inpaint({ ...nan.model, isCoarse: true }, job, call())).rejects.toThrow(/32-bit/);
    const black = fakeModel({
      decode: () => Promise.resolve(new Float32Array(3 * SIDE * SIDE).fill(Infinity)),
    });
    await expect(inpaint(black.model, job, call())).rejects.toMatchObject({ name: 'CheckpointError' });
  });

  it.each([
    [{ steps: 0 }, 'num_inference_steps', /0 steps paint nothing/],
    [{ steps: 5, strength: 0.1 }, 'strength', /less than one/],
    [{ mask: { ...plain(0), height: 8 } }, 'mask_url', /16 × 8 pixels, the image 16 × 16/],
    [{ width: 12 }, 'width', /12 is not a multiple of 8/],
  ])('names the field of %j', async (change, field, message) => {
    const { model, textEncode } = fakeModel();
    const refused = inpaint(model, { ...job, ...change }, call());
    await expect(refused).rejects.toMatchObject({ name: 'InputError', field });
    await expect(refused).rejects.toThrow(message);
    expect(textEncode).not.toHaveBeenCalled(); // before anything is loaded
  });

  it('asks for the multiples that the model’s autoencoder wants', async () => {
    const { model } = fakeModel();
    const refused = inpaint({ ...model, multiple: 16 }, { ...job, width: 72 }, call());
    await expect(refused).rejects.toThrow('width: 72 is not a multiple of 16');
    await expect(inpaint({ ...model, multiple: 16 }, job, call())).resolves.toHaveProperty('pixels');
  });

  it('blames a scheduler whose last two noise levels are one', async () => {
    // Karras' last level is where "sigma_min" ends: Heun's weight of the slope is 0 / 0.
    const keys = {
      ...{ use_karras_sigmas: true, final_sigmas_type: 'sigma_min', solver_type: 'heun' },
      lower_order_final: false,
    };
    const schedulerConfig = { className: 'DPMSolverMultistepScheduler', keys };
    const refused = inpaint({ ...fakeModel().model, schedulerConfig }, job, call());
    await expect(refused).rejects.toThrow(
      /^scheduler: step 2 of 2 gives values that are not numbers.*choose another scheduler/,
    );
  });

  it('blames the scheduler, by its step, for what it makes of sound predictions', async () => {
    const huge = fakeModel({
      predict: (sample) => Promise.resolve(new Float32Array(2 * sample.length).fill(3e38)),
    });
    await expect(inpaint(huge.model, { ...job, guidanceScale: 1 }, call())).rejects.toMatchObject({
      name: 'InputError',
      field: 'scheduler',
    });
  });
});
