/**
 * What the first run of a model would wait for, done beforehand in pieces: the runtime is started, networks are loaded, and
 * each runs once on a tiny image, because code that has run is faster. Each piece takes well under a second and leaves
 * everything usable, so that a run may come between any two.
 */
import { InpaintCache } from '../pipeline/cache';
import { inpaint } from '../pipeline/inpaint';
import type { Model } from '../pipeline/model';
import { stageTimer } from '../pipeline/timing';

/** Pixels on each side: the smallest that Stable Diffusion's networks take. */
const SIDE = 64;

export interface WarmUpParts {
  /** Compiles the runtime's code and starts its threads. */
  startRuntime(): Promise<void>;
  /** Reads the model's configurations and tokenizers; it is kept until another one is asked for. */
  openModel(): Promise<Model>;
}

/** In order: each relies on those before. */
export function warmUpPieces({ startRuntime, openModel }: WarmUpParts): readonly (() => Promise<unknown>)[] {
  const { signal } = new AbortController();
  const onOpen =
    (work: (model: Extract<Model, { task: 'inpaint' }>) => Promise<unknown>) => async (): Promise<void> => {
      const model = await openModel();
      if (model.task === 'inpaint') await work(model);
    };
  const size = { width: SIDE, height: SIDE };
  const job = {
    prompt: '',
    negativePrompt: '',
    guidanceScale: 1,
    steps: 1,
    seed: 0,
    strength: 1,
    ...size,
    image: { data: new Uint8ClampedArray(4 * SIDE * SIDE).fill(128), ...size },
    mask: { data: new Uint8ClampedArray(4 * SIDE * SIDE).fill(255), ...size },
  };
  return [
    startRuntime,
    openModel,
    onOpen((model) => model.prompts.encode(job, new InpaintCache(), stageTimer(signal).timed)),
    onOpen((model) => model.denoiser()),
    onOpen(async (model) => {
      const vae = await model.vae();
      await vae.encode(new Float32Array(3 * SIDE * SIDE), size);
    }),
    onOpen(async (model) => {
      const vae = await model.vae();
      const latent = { width: SIDE / vae.downscale, height: SIDE / vae.downscale };
      await vae.decode(new Float32Array(vae.latentChannels * latent.width * latent.height), latent);
    }),
    onOpen((model) => inpaint(model, job, { signal, onProgress() {} })),
  ];
}
