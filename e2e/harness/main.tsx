/**
 * The page around a test engine, which draws a disc instead of running a model. It is not part of the published page.
 * Query: `ms` the time of a step, `hold` the step at which it waits for the window's event `go-on`, `fail` an error's name,
 * `provider` what the status line reports, `sample` as on the page. The same engine answers for the hosted API.
 */
import '../../src/styles/index.css';
import type { LocalEngine } from '../../src/contract/engine';
import { decodeError, type EncodedError } from '../../src/contract/errors';
import { FILL } from '../../src/contract/schema';
import { decodePicture } from '../../src/editor/workers/decodePicture';
import { encodeAs } from '../../src/editor/workers/pictureWorkerClient';
import { browserEnvironment, createHosted } from '../../src/state/hosted/hosted';
import { createOffline } from '../../src/state/offline';
import { sampleLinks } from '../../src/state/pictures/sample';
import { mountApp, type PageParts } from '../../src/ui/page/mount';
import { createHarnessModels } from './models';
import { removeMasked } from './remove';

declare global {
  interface Window {
    /** As the page decodes the pictures that it opens. */
    decodePicture?: typeof decodePicture;
    /** As the page makes JPEG and WebP of what it holds. */
    encodeAs?: typeof encodeAs;
  }
}
Object.assign(window, { decodePicture, encodeAs });

const query = new URLSearchParams(location.search);
const stepMs = Number(query.get('ms') ?? 30);
const holdAt = Number(query.get('hold') ?? -1);

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

const goesOn = (signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    addEventListener('go-on', () => resolve(), { once: true, signal });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** A sky with a disc whose place and colour follow the seed; `done` of it has formed. */
async function paint(source: Blob, seed: number, done: number): Promise<OffscreenCanvas> {
  const bitmap = await createImageBitmap(source);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas');
  context.filter = `blur(${(1 - done) * 14}px)`;
  context.drawImage(bitmap, 0, 0);
  const { width, height } = canvas;
  const hue = (seed * 47) % 360;
  const glow = context.createRadialGradient(
    width * 0.45,
    height * 0.45,
    4,
    width / 2,
    height / 2,
    width * 0.3,
  );
  glow.addColorStop(0, `hsl(${hue} 80% ${88 - 20 * done}%)`);
  glow.addColorStop(1, `hsl(${hue} 65% ${60 - 20 * done}%)`);
  context.fillStyle = glow;
  context.beginPath();
  context.arc(width / 2, height / 2, width * 0.26, 0, Math.PI * 2);
  context.fill();
  bitmap.close();
  return canvas;
}

const engine: LocalEngine = {
  models: createHarnessModels(query),
  async inpaint(request, { width = 0, height = 0 }, call) {
    const { signal, onProgress } = call;
    const fail = query.get('fail') as EncodedError['name'] | null;
    const source = request.image_url;
    if (!(source instanceof Blob)) throw new Error('the page sends files');
    if (request.model_name === FILL) {
      onProgress({ stage: 'remove', fraction: 0 });
      if (holdAt === 0) await goesOn(signal);
      if (fail) throw decodeError({ name: fail, field: 'mask_url', message: query.get('message') ?? fail });
      const { file, seed } = await removeMasked(request, call);
      const image = { url: URL.createObjectURL(file), content_type: 'image/png', file_name: 'answer.png' };
      return { image: { ...image, file_size: file.size, width, height }, seed };
    }
    const seed = request.seed ?? Math.floor(Math.random() * 1000);
    onProgress({ stage: 'compile', component: 'unet' });
    await pause(stepMs, signal);
    if (fail)
      throw decodeError({ name: fail, field: 'guidance_scale', message: query.get('message') ?? fail });
    onProgress({ stage: 'encode' });
    await pause(stepMs, signal);
    const steps = request.num_inference_steps;
    for (let step = 0; step <= steps; step++) {
      const preview = (await paint(source, seed, step / Math.max(1, steps))).transferToImageBitmap();
      onProgress({ stage: 'denoise', step, steps, preview });
      await (step === holdAt ? goesOn(signal) : pause(stepMs, signal));
    }
    onProgress({ stage: 'decode' });
    const file = await (await paint(source, seed, 1)).convertToBlob({ type: 'image/png' });
    const image = { url: URL.createObjectURL(file), content_type: 'image/png', file_name: 'answer.png' };
    return { image: { ...image, file_size: file.size, width, height }, seed };
  },
  onStatus(listener) {
    if (query.get('provider') === 'wasm') listener({ provider: 'wasm', precision: 'fp32', threads: 2 });
    else listener({ provider: 'webgpu', precision: 'fp16' });
    return () => {};
  },
  async dispose() {},
};

/** This page has no model to select with: only what it says before the download, and at its 9th megabyte, is looked at. */
const ASSISTANT_BYTES = 22_600_000;
const noAssistant: PageParts['assistant'] = {
  isKept: async () => false,
  prepare: (_image, _area, { signal, onProgress }) =>
    new Promise((_, reject) => {
      onProgress?.({ stage: 'download', loadedBytes: 9_000_000, totalBytes: ASSISTANT_BYTES });
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    }),
  select: async () => null,
  outline: async () => '',
  find: async () => null,
  use() {},
  answerMs: null,
  hold() {},
  release() {},
};

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
mountApp(root, {
  engine,
  assistant: noAssistant,
  assistantBytes: ASSISTANT_BYTES,
  hosted: createHosted(browserEnvironment(), () => engine),
  offline: createOffline(),
  samples: sampleLinks(new URL('/', location.href), location.search),
});
