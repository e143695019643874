/** Messages and errors between the page and its workers: each side may be of another build, or broken. */
import fc from 'fast-check';
import { decodeError } from '../../../src/contract/errors';
import type { FromWorker, ToWorker } from '../../../src/contract/protocol';
import { createLocalEngine, type EngineWorker } from '../../../src/engine/local';
import { serve } from '../../../src/host/serve';
import { mutatedObject } from '../mutate';
import { target } from '../target';
import { isNamed } from './bases';

const request = {
  model_name: 'starter',
  prompt: 'a',
  negative_prompt: '',
  image_url: 'data:,',
  mask_url: 'data:,',
  num_inference_steps: 1,
  guidance_scale: 1,
};
const toWorker = [
  { type: 'inpaint', id: 1, request, options: { strength: 1 } },
  { type: 'cancel', id: 1 },
  { type: 'hub', hub: { url: 'https://hub.example', token: 'x' } },
  { type: 'release', id: 2 },
  { type: 'judge', id: 3, name: 'a/model', texts: {} },
];
const error = { name: 'InputError', message: 'prompt: too long', field: 'prompt', mayNeedToken: false };
const tooLarge = {
  name: 'TooLargeError',
  message: 'too large',
  figures: { component: 'unet', neededBytes: 2, availableBytes: 1, limit: 'memory' },
};
const fromWorker = [
  { type: 'status', status: { provider: 'wasm', precision: 'fp32', threads: 2 } },
  { type: 'unavailable', error },
  { type: 'answered', id: 1, error },
  { type: 'progress', id: 1, progress: { stage: 'denoise', step: 1, steps: 2 } },
  { type: 'result', id: 1, picture: { width: 1, height: 1, seed: 1, timings: {} } },
  { type: 'error', id: 1, error: tooLarge, dead: false },
];
const anyOf = (bases: readonly unknown[]) =>
  fc.oneof(fc.constantFrom(...bases), ...bases.map((base) => mutatedObject(base)));

/** JSON has no files. */
function withFile(message: unknown): unknown {
  const { picture } = (message ?? {}) as { picture?: unknown };
  if (typeof picture !== 'object' || picture === null) return message;
  return { ...(message as object), picture: { png: new Blob(), ...picture } };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Each ignored message is logged to the console. */
const quietly = () => {
  const { warn } = console;
  return {
    async open() {
      console.warn = () => {};
    },
    async close() {
      console.warn = warn;
    },
  };
};

export const messageTargets = [
  target({
    name: 'errors from the worker',
    input: fc.oneof(mutatedObject(error), mutatedObject(tooLarge)),
    take(encoded) {
      const decoded = decodeError(encoded as Parameters<typeof decodeError>[0]);
      if (typeof decoded.message !== 'string' || !(decoded instanceof Error)) throw new TypeError('no error');
    },
    isRefusal: isNamed,
    isTotal: true,
  }),
  target({
    ...quietly(),
    name: 'messages to the worker',
    input: fc.array(anyOf(toWorker), { minLength: 1, maxLength: 4 }),
    async take(messages) {
      const answers: FromWorker[] = [];
      const receive = serve(
        {
          isDead: () => false,
          async inpaint() {
            return { png: new Blob(), width: 1, height: 1, seed: 1, timings: {} };
          },
          async judge() {},
        },
        (message) => answers.push(structuredClone(message)),
      );
      for (const message of messages) receive(message as Exclude<ToWorker, { type: 'init' }>);
      await soon();
      return answers.some(({ type }) => type === 'result' || type === 'answered');
    },
    isRefusal: isNamed,
  }),
  target({
    ...quietly(),
    name: 'messages from the worker',
    input: fc.array(anyOf(fromWorker), { minLength: 1, maxLength: 4 }),
    async take(messages) {
      const worker: EngineWorker = { postMessage() {}, terminate() {}, onmessage: null, onerror: null };
      const library = { postMessage() {}, terminate() {}, onmessage: null, onerror: null };
      const engine = createLocalEngine({
        baseUrl: 'https://inlay.example/',
        spawn: () => worker,
        spawnLibrary: () => library,
      });
      const controller = new AbortController();
      const run = engine
        .inpaint(request as never, { strength: 1 } as never, { signal: controller.signal, onProgress() {} })
        .then(
          () => true,
          (reason: unknown) => {
            if (!(reason instanceof Error)) throw new TypeError(`no error: ${String(reason)}`);
            return false;
          },
        );
      for (const data of messages.map(withFile)) worker.onmessage?.({ data } as MessageEvent<FromWorker>);
      await soon();
      controller.abort();
      await engine.dispose();
      return run;
    },
    isRefusal: isNamed,
  }),
];
