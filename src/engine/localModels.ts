/** The models of this machine as the page sees them: a worker of their own, started at first use. */
import type { EngineStatus } from '../contract/engine';
import { DeviceError, decodeError, encodeError, TooLargeError } from '../contract/errors';
import { CANCEL_MS } from '../contract/limits';
import type { FetchCall, HubAccess, ModelLibrary, StorageFacts } from '../contract/modelLibrary';
import type {
  Alive,
  FromLibrary,
  LibraryRequest,
  LibraryValues,
  Texts,
  ToLibrary,
} from '../contract/protocol';
import { logIgnored, readFromLibrary } from '../contract/protocolChecks';
import { whenEnded } from './localLife';

/** What the worker looks like; tests pass another. */
export interface LibraryWorkerLike {
  postMessage(message: ToLibrary): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<FromLibrary>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export function spawnLibraryWorker(): LibraryWorkerLike {
  return new Worker(new URL('../worker/library.ts', import.meta.url), {
    type: 'module',
    name: 'inlay-models',
  });
}

export interface LocalModelsOptions {
  baseUrl: string;
  /** Where models by id come from unless another hub is set; Hugging Face's Hub where absent. */
  hubUrl: string | undefined;
  spawn(): LibraryWorkerLike;
  /** In which the device runs models. Rejects where it can run nothing. */
  precision(): Promise<EngineStatus['precision']>;
  /** Resolves once the engine holds no model that it does not need. */
  release(): Promise<void>;
  /** @throws TooLargeError where the engine cannot run a model of these configurations */
  judge(name: string, texts: Texts): Promise<void>;
  /** Tells the engine too. */
  onHub(hub: HubAccess): void;
}

interface Pending {
  request: LibraryRequest;
  resolve(value: LibraryValues[keyof LibraryValues]): void;
  reject(error: Error): void;
  call: Partial<FetchCall>;
}

/** The page's side of the worker that fetches and keeps models; the worker starts at the first call. */
export function createLocalModels(options: LocalModelsOptions): ModelLibrary & { dispose(): void } {
  const pending = new Map<number, Pending>();
  let worker: LibraryWorkerLike | undefined;
  let hub: HubAccess = { url: options.hubUrl };
  let nextId = 1;

  function start(): LibraryWorkerLike {
    const started = options.spawn();
    worker = started;
    started.onmessage = ({ data }) => {
      const message = readFromLibrary(data);
      if (message === undefined) logIgnored('model library', data);
      else if (message.type === 'alive') {
        whenEnded(message.lock, () => started === worker && stop(failed('it ended without a word')));
      } else receive(message);
    };
    started.onerror = (event) => stop(failed(event.message || 'it could not start'));
    started.postMessage({ type: 'init', baseUrl: options.baseUrl });
    started.postMessage({ type: 'hub', hub });
    return started;
  }

  function stop(reason: Error): void {
    worker?.terminate();
    worker = undefined;
    for (const { reject } of pending.values()) reject(reason);
    pending.clear();
  }

  function failed(reason: string): DeviceError {
    return new DeviceError(`The worker that keeps models failed: ${reason}; try again, or reload the page`);
  }

  /** A worker that does not answer a cancel is ended; what else was asked of it is asked of a new one. */
  function replace(): void {
    worker?.terminate();
    worker = undefined;
    for (const [id, { call, reject }] of pending) {
      if (call.signal?.aborted !== true) continue;
      pending.delete(id);
      reject(decodeError({ name: 'AbortError', message: '' }));
    }
    if (pending.size === 0) return;
    const next = start();
    for (const [id, { request }] of pending) next.postMessage({ type: 'call', id, request });
  }

  function cancel(id: number): void {
    worker?.postMessage({ type: 'cancel', id });
    setTimeout(() => pending.has(id) && replace(), CANCEL_MS);
  }

  function receive(message: Exclude<FromLibrary, Alive>): void {
    const entry = pending.get(message.id);
    switch (message.type) {
      case 'judge': {
        const { id, name, texts } = message;
        options.judge(name, texts).then(
          () => worker?.postMessage({ type: 'judged', id }),
          (error: unknown) => worker?.postMessage({ type: 'judged', id, error: encodeError(error) }),
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
    if (signal?.aborted) return Promise.reject(decodeError({ name: 'AbortError', message: '' }));
    const id = nextId++;
    return new Promise<LibraryValues[keyof LibraryValues]>((resolve, reject) => {
      const asked = worker ?? start();
      pending.set(id, { request, resolve, reject, call });
      signal?.addEventListener('abort', () => pending.has(id) && cancel(id), { once: true });
      asked.postMessage({ type: 'call', id, request });
      // The protocol pairs each method with its value.
    }) as Promise<LibraryValues[Method]>;
  }

  return {
    async describe(name, signal) {
      return ask({ method: 'describe', name, precision: await options.precision() }, { signal });
    },
    async download(name, call) {
      // Nobody waits for the answer: some browsers put the question to the person.
      keepDownloads();
      await ask({ method: 'download', name, precision: await options.precision() }, call);
    },
    offerFiles: (title, files) => ask({ method: 'offerFiles', title, files }),
    readEmbedding: (source, signal) => ask({ method: 'readEmbedding', source }, { signal }),
    list: () => ask({ method: 'list' }),
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
    setHub(next) {
      hub = { ...next, url: next.url ?? options.hubUrl };
      worker?.postMessage({ type: 'hub', hub });
      options.onHub(hub);
    },
    async storage(): Promise<StorageFacts> {
      const [room, { usage }, isPersistent] = await Promise.all([
        ask({ method: 'room' }),
        navigator.storage.estimate(),
        navigator.storage.persisted(),
      ]);
      return {
        isPersistent,
        ...(usage === undefined ? {} : { usedBytes: usage }),
        ...(room === null ? {} : { freeBytes: room }),
      };
    },
    persist: async () => navigator.storage.persist(),
    dispose: () => stop(decodeError({ name: 'AbortError', message: '' })),
  };
}

/**
 * Asks the browser not to clear this site's storage when the disk gets full: gigabytes of a model are at stake. Only the
 * page may ask. A refusal changes nothing else.
 */
export function keepDownloads(): void {
  if (typeof navigator === 'undefined') return;
  navigator.storage?.persist?.().catch(() => {});
}
