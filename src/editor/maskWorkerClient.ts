/** The page's side of the mask worker, which starts when needed and goes when idle, with all that it holds. */
import type { Mask } from './kernels/raster';
import type { Answer, Task } from './maskWorker';
import type { Surface } from './surface';
import type { MaskWork, Patch } from './work';

/** After this the copy of the picture that the wand works on is worth less than its memory. */
const IDLE_MS = 20_000;

export interface MaskWorker extends MaskWork {
  /** @returns a PNG, white on black; `mask` is gone afterwards */
  encode(mask: Mask): Promise<Blob>;
  /** Reads a mask from a picture of it, soft edges kept; closes the bitmap. */
  decode(bitmap: ImageBitmap): Promise<Mask>;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export function createMaskWorker(): MaskWorker {
  let worker: Worker | null = null;
  let sentPicture: Surface | null = null;
  let lastId = 0;
  let idleTimer: ReturnType<typeof setTimeout> | undefined;
  const waiting = new Map<number, Waiting>();

  const stop = () => {
    worker?.terminate();
    worker = null;
    sentPicture = null;
  };
  const settle = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) idleTimer = setTimeout(stop, IDLE_MS);
    return found;
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./maskWorker.ts', import.meta.url), { type: 'module' });
    started.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      const found = settle(data.id);
      if ('error' in data) found?.reject(new Error(data.error));
      else found?.resolve(data.result);
    });
    // Out of memory, or its script is gone: whoever waits is told, and the next task starts another.
    started.addEventListener('error', () => {
      stop();
      const message =
        'The mask could not be computed: the browser stopped the work. Close other tabs and try again.';
      for (const id of [...waiting.keys()]) settle(id)?.reject(new Error(message));
    });
    return started;
  };
  const ask = <T>(task: Task, transfer: Transferable[]): Promise<T> => {
    clearTimeout(idleTimer);
    worker ??= start();
    lastId += 1;
    const id = lastId;
    return new Promise<T>((resolve, reject) => {
      // The worker's answer to a task is what the task's row in maskWorker.ts returns.
      waiting.set(id, { resolve: (result) => resolve(result as T), reject });
      worker?.postMessage({ id, task }, transfer);
    });
  };
  /** The picture's bitmap, unless the worker has it already. */
  const bitmapFor = async (picture: Surface): Promise<ImageBitmap | null> => {
    if (worker && sentPicture === picture) return null;
    if (!picture.source) throw new Error('the picture is on no canvas');
    const bitmap = await createImageBitmap(picture.source);
    sentPicture = picture;
    return bitmap;
  };
  const transfer = (bitmap: ImageBitmap | null) => (bitmap ? [bitmap] : []);

  return {
    edge: (edge, mask, radius) => ask({ kind: 'edge', edge, mask, radius }, [mask.data.buffer]),
    async select(picture, request) {
      const bitmap = await bitmapFor(picture);
      return ask<Patch>({ kind: 'select', request, bitmap }, transfer(bitmap));
    },
    async transparency(picture) {
      const bitmap = await bitmapFor(picture);
      return ask<Patch | null>({ kind: 'transparency', bitmap }, transfer(bitmap));
    },
    encode: (mask) => ask({ kind: 'encode', mask }, [mask.data.buffer]),
    decode: (bitmap) => ask({ kind: 'decode', bitmap }, [bitmap]),
  };
}
