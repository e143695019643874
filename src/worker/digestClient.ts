/** SHA-256 in a separate worker, with the interface of the one on this thread. */
import { InternalError } from '../contract/errors';
import type { StreamDigest } from '../model/prepare/streamDigest';
import type { FromDigest, ToDigest } from './digest';

/** Bytes that may wait for the other thread: enough to keep it busy, without taking much memory. */
const MAX_WAITING_BYTES = 32 * 2 ** 20;

/** The part of `Worker` that is used; tests pass their own. */
export interface DigestWorker {
  postMessage(message: ToDigest, transfer: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<FromDigest>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

function spawnWorker(): DigestWorker {
  return new Worker(new URL('./digest.ts', import.meta.url), { type: 'module', name: 'inlay-digest' });
}

/** An `OpenDigest`; the caller closes the digest. */
export async function openDigestInWorker(state?: string, spawn = spawnWorker): Promise<StreamDigest> {
  const worker = spawn();
  const answers = new Map<number, { resolve(text: string): void; reject(error: Error): void }>();
  let nextId = 1;
  let waitingBytes = 0;
  let failure: Error | undefined;
  let drained: (() => void) | undefined;

  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of answers.values()) reject(error);
    answers.clear();
    drained?.();
  };
  worker.onerror = ({ message }) => fail(new InternalError(`the digest's worker failed: ${message}`));
  worker.onmessage = ({ data: { id, text = '', error } }) => {
    if (error === undefined) answers.get(id)?.resolve(text);
    else fail(new InternalError(`the digest's worker failed: ${error}`));
    answers.delete(id);
  };

  const ask = (message: (id: number) => ToDigest, transfer: Transferable[] = []): Promise<string> => {
    if (failure !== undefined) return Promise.reject(failure);
    const id = nextId++;
    return new Promise((resolve, reject) => {
      answers.set(id, { resolve, reject });
      worker.postMessage(message(id), transfer);
    });
  };

  try {
    await ask((id) => ({ type: 'open', id, state }));
  } catch (error) {
    worker.terminate();
    throw error;
  }
  return {
    async update(bytes) {
      // The worker answers no more.
      if (failure !== undefined) throw failure;
      const { byteLength } = bytes;
      waitingBytes += byteLength;
      // Transferring a view would take the rest of its buffer along: only whole buffers are transferred.
      const isWhole = byteLength === bytes.buffer.byteLength;
      ask((id) => ({ type: 'update', id, bytes }), isWhole ? [bytes.buffer] : []).then(
        () => {
          waitingBytes -= byteLength;
          if (waitingBytes < MAX_WAITING_BYTES) drained?.();
        },
        () => {},
      );
      if (waitingBytes >= MAX_WAITING_BYTES) {
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
        drained = undefined;
      }
      if (failure !== undefined) throw failure;
    },
    save: () => ask((id) => ({ type: 'save', id })),
    hex: () => ask((id) => ({ type: 'hex', id })),
    close: () => worker.terminate(),
  };
}
