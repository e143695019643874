/** The content-aware fill in a worker that stays for the next one; a fill that is cancelled ends with its worker. */
import { InternalError } from '../contract/errors';
import { NothingLeftError } from '../image/fill/errors';
import type { FillElsewhere } from '../pipeline/fill';
import type { FromFill, ToFill } from './fill';

/** The part of `Worker` that is used; tests pass their own. */
export interface FillWorker {
  postMessage(message: ToFill): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<FromFill>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

function spawnWorker(): FillWorker {
  return new Worker(new URL('./fill.ts', import.meta.url), { type: 'module', name: 'inlay-fill' });
}

/** Starts its worker at the first fill. One fill at a time. */
export function createFillInWorker(spawn = spawnWorker): FillElsewhere {
  let idle: FillWorker | undefined;
  return (image, hole, { seed, signal }) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const worker = idle ?? spawn();
      idle = undefined;
      const end = () => {
        worker.terminate();
        reject(signal.reason);
      };
      signal.addEventListener('abort', end, { once: true });
      worker.onerror = ({ message }) => {
        signal.removeEventListener('abort', end);
        worker.terminate();
        reject(new InternalError(`the worker that fills failed: ${message}`));
      };
      worker.onmessage = ({ data }) => {
        signal.removeEventListener('abort', end);
        idle = worker;
        if ('pixels' in data) resolve(data.pixels);
        else reject(data.nothingLeft ? new NothingLeftError(data.error) : new InternalError(data.error));
      };
      worker.postMessage({ image, hole, seed });
    });
}
