/**
 * Kinds of pictures that the browser does not decode but Inlay does: each file in a worker of its own, which is ended
 * afterwards with all its memory, or when it takes too long.
 */
import type { ForeignAnswer, ForeignTask } from './foreignWorker';

/** Photographs of 50 megapixels take some ten seconds on a slow machine. */
const MAX_MS = 90_000;
/** Bytes: larger files are no photographs. */
const MAX_BYTES = 512_000_000;

/** @throws Error that says what is wrong with the file, to be put after its name */
export async function decodeForeign(
  file: Blob,
  kind: ForeignTask['kind'],
  maxSide: number,
): Promise<Extract<ForeignAnswer, { file: Blob }>> {
  if (file.size > MAX_BYTES) {
    throw new Error(`has ${Math.round(file.size / 1e6)} MB, and at most ${MAX_BYTES / 1e6} are read`);
  }
  const worker = new Worker(new URL('./foreignWorker.ts', import.meta.url), { type: 'module' });
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
