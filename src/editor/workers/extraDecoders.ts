/**
 * Kinds of images that Inlay decodes because the browser cannot. Each file is decoded in its own worker, which is ended
 * afterwards to free its memory, or when it takes too long.
 */
import type { ForeignAnswer, ForeignTask } from './extraDecodersWorker';

/** Photographs of 50 megapixels take about ten seconds on a slow device. */
const MAX_MS = 90_000;
/** Photographs are not larger than this. */
const MAX_BYTES = 512_000_000;

/** @throws Error whose message continues a sentence that begins with the file's name */
export async function decodeForeign(
  file: Blob,
  kind: ForeignTask['kind'],
  maxSide: number,
): Promise<Extract<ForeignAnswer, { file: Blob }>> {
  if (file.size > MAX_BYTES) {
    throw new Error(`has ${Math.round(file.size / 1e6)} MB, and at most ${MAX_BYTES / 1e6} are read`);
  }
  const worker = new Worker(new URL('./extraDecodersWorker.ts', import.meta.url), { type: 'module' });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`took longer than ${MAX_MS / 1000} s to read`)), MAX_MS);
      worker.addEventListener('message', ({ data }: MessageEvent<ForeignAnswer>) => {
        if ('file' in data) resolve(data);
        else reject(new Error(data.error));
      });
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        reject(new Error('could not be read: its decoder did not start, or ran out of memory'));
      });
      worker.postMessage({ file, kind, maxSide } satisfies ForeignTask);
    });
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}
