/** The page's side of the worker that downloads and stores models; it starts at the first call. */
import { abortError, DeviceError, decodeError, encodeError, TooLargeError } from '../contract/errors';
import { fillDetails } from '../contract/fill';
import { CANCEL_MS } from '../contract/limits';
import type { FetchCall, HubAccess, ModelLibrary, Precision, StorageFacts } from '../contract/modelLibrary';
import {
  type Alive,
  type FromLibrary,
  type LibraryRequest,
  type LibraryValues,
  readFromLibrary,
  type Texts,
  type ToLibrary,
} from '../contract/protocol';
import { FILL } from '../contract/schema';
import { createWorkerClient, type WorkerLike } from './workerClient';

export type LibraryWorker = WorkerLike<ToLibrary, FromLibrary>;

export function spawnLibraryWorker(): LibraryWorker {
  return new Worker(new URL('../worker/library.ts', import.meta.url), {
    type: 'module',
    name: 'inlay-models',
  });
}

export interface LocalModelsOptions {
  baseUrl: string;
  /** Where models named by id come from until another hub is set; undefined: Hugging Face. */
  hubUrl: string | undefined;
  spawn(): LibraryWorker;
  /** What models are computed in on this device. Rejects if it can't run any. */
  precision(): Promise<Precision>;
  /** Resolves once the engine has closed its model, unless a run needs it. */
  release(): Promise<void>;
  /** @throws TooLargeError if the engine can't run a model of these configurations */
  judge(name: string, texts: Texts): Promise<void>;
  /** As the library's. */
  measureSpeed(): Promise<number | null>;
  /** Tells the engine too. */
  onHub(hub: HubAccess): void;
}

interface Pending {
  request: LibraryRequest;
  resolve(value: LibraryValues[keyof LibraryValues]): void;
  reject(error: Error): void;
  call: Partial<FetchCall>;
}

export function createLocalModels(options: LocalModelsOptions): ModelLibrary & { dispose(): void } {
  const pending = new Map<number, Pending>();
  let hub: HubAccess = { url: options.hubUrl };
  let nextId = 1;

  const worker = createWorkerClient<ToLibrary, FromLibrary>({
    name: 'model library',
    spawn: options.spawn,
    greeting: () => [
      { type: 'init', baseUrl: options.baseUrl },
      { type: 'hub', hub },
    ],
    read: readFromLibrary,
    receive,
    onEnd: (reason) =>
      stop(new DeviceError(`The model storage worker stopped (${reason}). Try again, or reload the page.`)),
  });

  function stop(reason: Error): void {
    worker.stop();
    for (const { reject } of pending.values()) reject(reason);
    pending.clear();
  }

  /** Ends a worker that does not answer a cancel; the other calls are sent to a new one. */
  function replace(): void {
    worker.stop();
    for (const [id, { call, reject }] of pending) {
      if (call.signal?.aborted !== true) continue;
      pending.delete(id);
      reject(abortError());
    }
    for (const [id, { request }] of pending) worker.post({ type: 'call', id, request });
  }

  function cancel(id: number): void {
    worker.postIfRunning({ type: 'cancel', id });
    setTimeout(() => pending.has(id) && replace(), CANCEL_MS);
  }

  function receive(message: Exclude<FromLibrary, Alive>): void {
    const entry = pending.get(message.id);
    switch (message.type) {
      case 'judge': {
        const { id, name, texts } = message;
        options.judge(name, texts).then(
          () => worker.postIfRunning({ type: 'judged', id }),
          (error: unknown) => worker.postIfRunning({ type: 'judged', id, error: encodeError(error) }),
        );
        return;
      }
      case 'progress':
        if (entry?.call.signal?.aborted !== true) entry?.call.onProgress?.(message.progress);
        return;
      case 'result':
        pending.delete(message.id);
        entry?.resolve(message.value);
        return;
      case 'error':
        pending.delete(message.id);
        entry?.reject(decodeError(message.error));
        return;
      default:
        throw new TypeError(`unknown message ${message satisfies never}`);
    }
  }

  function ask<Method extends LibraryRequest['method']>(
    request: LibraryRequest & { method: Method },
    call: Partial<FetchCall> = {},
  ): Promise<LibraryValues[Method]> {
    const { signal } = call;
    if (signal?.aborted) return Promise.reject(abortError());
    const id = nextId++;
    return new Promise<LibraryValues[keyof LibraryValues]>((resolve, reject) => {
      // A worker that can't start throws before the call is listed.
      worker.start();
      pending.set(id, { request, resolve, reject, call });
      signal?.addEventListener('abort', () => pending.has(id) && cancel(id), { once: true });
      worker.post({ type: 'call', id, request });
      // The protocol pairs each method with its value.
    }) as Promise<LibraryValues[Method]>;
  }

  return {
    async describe(name, signal) {
      // Known without a device that could run a model.
      if (name.trim() === FILL) return fillDetails;
      return ask({ method: 'describe', name, precision: await options.precision() }, { signal });
    },
    async download(name, call) {
      if (name.trim() === FILL) return;
      // Not awaited: some browsers ask the user.
      keepDownloads();
      await ask({ method: 'download', name, precision: await options.precision() }, call);
    },
    offerFiles: (title, files) => ask({ method: 'offerFiles', title, files }),
    readEmbedding: (source, signal) => ask({ method: 'readEmbedding', source }, { signal }),
    describeSelector: (selector, signal) => ask({ method: 'describeSelector', selector }, { signal }),
    async downloadSelector(selector, call) {
      keepDownloads();
      await ask({ method: 'downloadSelector', selector }, call);
    },
    list: () => ask({ method: 'list' }),
    assistants: () => ask({ method: 'assistants' }),
    async remove(folder) {
      await options.release();
      await ask({ method: 'remove', folder });
    },
    async judge(name, configurations) {
      try {
        await options.judge(name, configurations);
        return { verdict: 'fits' };
      } catch (error) {
        if (!(error instanceof TooLargeError)) throw error;
        const { neededBytes, availableBytes } = error.figures;
        return { verdict: 'tooLarge', neededBytes, availableBytes, message: error.message };
      }
    },
    measureSpeed: options.measureSpeed,
    setHub(next) {
      hub = { ...next, url: next.url ?? options.hubUrl };
      worker.postIfRunning({ type: 'hub', hub });
      options.onHub(hub);
    },
    async storage(): Promise<StorageFacts> {
      const [room, { usage }, isPersistent] = await Promise.all([
        ask({ method: 'room' }),
        pageStorage()?.estimate() ?? ({} as StorageEstimate),
        pageStorage()?.persisted() ?? false,
      ]);
      return {
        isPersistent,
        ...(usage === undefined ? {} : { usedBytes: usage }),
        ...(room === null ? {} : { freeBytes: room }),
      };
    },
    persist: async () => (await pageStorage()?.persist?.()) ?? false,
    dispose: () => stop(abortError()),
  };
}

/**
 * Asks the browser not to clear this site's storage when disk space runs low, because a model has gigabytes. Only the page
 * may ask, not a worker. A refusal changes nothing else.
 */
export function keepDownloads(): void {
  if (typeof navigator === 'undefined') return;
  pageStorage()
    ?.persist?.()
    .catch(() => {});
}

/** Only pages have `persist`: workers and Node, which share this code's types, do not. WebKitGTK has none of it. */
function pageStorage(): (StorageManager & { persist?(): Promise<boolean> }) | undefined {
  return navigator.storage;
}
